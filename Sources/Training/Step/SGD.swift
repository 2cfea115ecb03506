import Kernels
import Tensors

/// Stochastic gradient descent with momentum: v ← μv + (g + d·w), w ← w − lr·v.
///
/// Weight decay d acts on weights and biases, on the original W and not on W/σ, and never on
/// log_beta and log_lipschitz. As in PyTorch, dampening is 0 and the momentum buffer does not
/// contain the learning rate.
public struct SGD: Sendable, Equatable {
  public var momentum: Float
  public var weightDecay: Float

  public init(momentum: Float, weightDecay: Float) {
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// One update of a trained parameter, in one pass.
  public func update(_ parameter: Parameter, learningRate: Float) {
    updateWithMomentum(
      value: parameter.value, gradient: parameter.gradient,
      momentumBuffer: parameter.momentumBuffer,
      learningRate: learningRate, momentum: momentum,
      weightDecay: parameter.decays ? weightDecay : 0)
  }
}
