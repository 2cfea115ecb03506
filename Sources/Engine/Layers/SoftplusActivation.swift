import Kernels
import Tensors

/// An elementwise y = s(x), whose four passes are the same for every softplus.
///
/// x̄ = s′ȳ, ẏ = s′ẋ, dx̄ = s″ẋȳ + s′dȳ.
public protocol SoftplusActivation: Layer {
  var softplus: Softplus { get }

  /// Writes the gradient of β, if it is trained.
  ///
  /// - Parameters:
  ///   - primal: Σ ∂s/∂β·ȳ over a slice.
  ///   - tangent: its derivative along ẋ; asked for only where the weights have a tangent.
  func writeGradient(
    samples: Int, _ writer: GradientWriter?, primal: (Range<Int>) -> Double,
    tangent: (Range<Int>) -> Double)
}

extension SoftplusActivation {
  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    softplus.forward(x.value, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    softplus.multiplyByDerivative(x.value, y.gradient, into: x.gradient)
    writeGradient(x, y, writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    softplus.multiplyByDerivative(x.value, x.tangent, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    softplus.backwardTangent(
      x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent,
      into: x.gradientTangent)
    writeGradient(x, y, writer)
  }

  private func writeGradient(_ x: Edge, _ y: Edge, _ writer: GradientWriter?) {
    writeGradient(samples: x.shape.samples, writer) { slice in
      softplus.betaGradient(x.value.slice(slice), gradient: y.gradient.slice(slice))
    } tangent: { slice in
      let (x, y) = (x.slice(slice), y.slice(slice))
      return softplus.betaGradientTangent(
        x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent)
    }
  }
}
