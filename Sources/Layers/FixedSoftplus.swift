import Kernels
import Preconditions
import Tensors

/// y = softplus(βx)/β with a fixed β: 1000 in the standard networks, a smooth stand-in for ReLU.
///
/// For βx > 20 it is the identity, as in PyTorch.
public final class FixedSoftplus: Layer {
  private let softplus: Softplus

  public init(beta: Float) {
    require(beta > 0, "a softplus with β = \(beta)")
    softplus = Softplus(beta: beta, centering: .plain)
  }

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    softplus.forward(x.value, into: y.value)
  }

  public func backward(_ y: Activation, into x: Activation) {
    softplus.multiplyByDerivative(x.value, y.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    softplus.multiplyByDerivative(x.value, x.tangent, into: y.tangent)
  }

  public func backwardTangent(_ y: Activation, into x: Activation) {
    softplus.backwardTangent(
      x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent,
      into: x.gradientTangent)
  }
}
