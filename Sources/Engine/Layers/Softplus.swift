import Failures
import Kernels
import Tensors

/// An elementwise y = s(x) with s a softplus.
///
/// The passes are x̄ = s′ȳ, ẏ = s′ẋ, dx̄ = s″ẋȳ + s′dȳ.
public protocol SoftplusActivation: Layer {
  var softplus: Softplus { get }

  /// Writes the gradient of β, if β is trained.
  ///
  /// - Parameters:
  ///   - primal: Σ ∂s/∂β·ȳ over a slice.
  ///   - tangent: the derivative of `primal` along ẋ; called only if the writer's weights have a
  ///     tangent.
  func writeGradient(
    samples: Int, _ writer: GradientWriter?, primal: (Range<Int>) -> Double,
    tangent: (Range<Int>) -> Double)
}

extension SoftplusActivation {
  public var evaluation: [EvaluationMap] { [.activation(self)] }

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

  public func backwardTangent(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
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

/// y = (softplus(βx) − log 2)/β, so that y(0) = 0 for every β > 0.
///
/// Any shape. β → ∞ gives ReLU, β → 0 gives x/2; max s″/s′ = β bounds the layer's normalised
/// curvature. β = exp(log_beta) + 1e-3 is trained, and several layers may share it.
/// - Source: Srinivas et al. 2022, §3.1.
public final class CenteredSoftplus: SoftplusActivation {
  public let logBeta: Parameter
  public let parameters: [Parameter]
  public let reparameterizations: [any Reparameterization]
  private let slices: Slices

  /// - Parameter exponential: the function from log_beta to β; nil for all layers that share the
  ///   parameter except the first.
  public init(logBeta: Parameter, exponential: Exponential?, slices: Slices) {
    self.logBeta = logBeta
    self.slices = slices
    parameters = [logBeta]
    reparameterizations = exponential.map { [$0] } ?? []
  }

  public var beta: Float { logBeta.effective[0] }

  public var softplus: Softplus { Softplus(beta: beta, centering: .centered) }

  public func writeGradient(
    samples: Int, _ writer: GradientWriter?, primal: (Range<Int>) -> Double,
    tangent: (Range<Int>) -> Double
  ) {
    guard let writer else { return }
    writer.write(parameters, samples: samples) { samples, weights in
      let claimed = logBeta.claim(weights)
      var sum = claimed.previous == 0 ? 0 : Double(claimed.previous * logBeta.gradient[0])
      slices.forEach(in: samples) { slice in
        sum += Double(weights.primal) * primal(slice)
        if weights.tangent != 0 { sum += Double(weights.tangent) * tangent(slice) }
      }
      logBeta.gradient[0] = Float(sum)
    }
  }
}

/// y = softplus(βx)/β with a fixed β: 1000 in the standard networks, a smooth stand-in for ReLU.
///
/// For βx > 20 it is the identity, as in PyTorch.
public final class FixedSoftplus: SoftplusActivation {
  public let softplus: Softplus

  public var beta: Float { softplus.beta }

  public init(beta: Float) {
    require(beta > 0, "a softplus with β = \(beta)")
    softplus = Softplus(beta: beta, centering: .plain)
  }

  public func writeGradient(
    samples: Int, _ writer: GradientWriter?, primal: (Range<Int>) -> Double,
    tangent: (Range<Int>) -> Double
  ) {}
}
