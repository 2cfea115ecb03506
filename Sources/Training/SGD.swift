import Kernels
import Networks

/// Stochastic gradient descent with momentum: v ← μv + (g + d·w), w ← w − lr·v.
///
/// Weight decay d acts on weights and biases, on the original W and not on W/σ, and never on log_beta and
/// log_lipschitz. As in PyTorch, dampening is 0 and the velocity does not contain the learning rate.
public struct SGD: Sendable, Equatable {
  public var momentum: Float
  public var weightDecay: Float

  public init(momentum: Float, weightDecay: Float) {
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// One update of all trained parameters, one pass over the flat storage.
  public func update(_ model: Model, learningRate: Float) {
    for parameter in model.trained {
      updateWithMomentum(
        value: parameter.value, gradient: parameter.gradient, velocity: parameter.velocity,
        learningRate: learningRate, momentum: momentum,
        weightDecay: parameter.decays ? weightDecay : 0)
    }
  }
}
