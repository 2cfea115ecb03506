import Kernels
import Tensors

/// Stochastic gradient descent with momentum: v ← μv + (g + d·w), w ← w − lr·v.
///
/// Weight decay d acts on weights and biases, on the original W and not on W/σ, and never on
/// log_lipschitz. log_beta has a decay of its own, 0 in the paper. As in PyTorch, dampening is 0 and the momentum buffer does not
/// contain the learning rate.
public struct SGD: Sendable, Equatable {
  public var momentum: Float
  /// d of weights and biases.
  public var weightDecay: Float
  /// d of log_beta.
  public var betaDecay: Float

  public init(momentum: Float, weightDecay: Float, betaDecay: Float = 0) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.betaDecay = betaDecay
  }

  /// One update of a trained parameter, in one pass.
  public func update(_ parameter: Parameter, learningRate: Float) {
    updateWithMomentum(
      value: parameter.value, gradient: parameter.gradient,
      momentumBuffer: parameter.momentumBuffer,
      learningRate: learningRate, momentum: momentum,
      weightDecay: decay(of: parameter.kind))
  }

  private func decay(of kind: Parameter.Kind) -> Float {
    switch kind {
    case .weight, .bias: weightDecay
    case .logBeta: betaDecay
    case .logLipschitz: 0
    }
  }
}
