import Kernels
import Tensors

/// The four passes of an elementwise y = s(x), which are the same for every softplus.
///
/// x̄ = s′ȳ, ẏ = s′ẋ, dx̄ = s″ẋȳ + s′dȳ.
protocol SoftplusActivation: Layer {
  var softplus: Softplus { get }
}

extension SoftplusActivation {
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
