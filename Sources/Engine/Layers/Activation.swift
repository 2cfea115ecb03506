import Kernels
import Tensors

/// An elementwise y = s(x).
///
/// The passes are x̄ = s′ȳ, ẏ = s′ẋ, dx̄ = s″ẋȳ + s′dȳ.
public protocol Activation: Layer {
  /// s, with β as it is now.
  var function: ActivationFunction { get }

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

extension Activation {
  public var evaluation: [EvaluationMap] { [.activation(self)] }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    function.forward(x.value, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    function.multiplyByDerivative(x.value, y.gradient, into: x.gradient)
    writeGradient(x, y, writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    function.multiplyByDerivative(x.value, x.tangent, into: y.tangent)
  }

  public func backwardTangent(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    function.backwardTangent(
      x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent,
      into: x.gradientTangent)
    writeGradient(x, y, writer)
  }

  private func writeGradient(_ x: Edge, _ y: Edge, _ writer: GradientWriter?) {
    writeGradient(samples: x.shape.samples, writer) { slice in
      function.betaGradient(x.value.slice(slice), gradient: y.gradient.slice(slice))
    } tangent: { slice in
      let (x, y) = (x.slice(slice), y.slice(slice))
      return function.betaGradientTangent(
        x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent)
    }
  }
}

/// y = (softplus(βx) − log 2)/β, so that y(0) = 0 for every β > 0.
///
/// Any shape. β → ∞ gives ReLU, β → 0 gives x/2; max s″/s′ = β bounds the layer's normalised
/// curvature. β = exp(log_beta) + 1e-3 is trained, and several layers may share it.
/// - Source: Srinivas et al. 2022, §3.1.
public final class CenteredSoftplus: Activation {
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

  public var function: ActivationFunction { .centeredSoftplus(beta: logBeta.effective[0]) }

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

/// y = s(x) with nothing to train.
public final class FixedActivation: Activation {
  public let function: ActivationFunction

  public init(_ function: ActivationFunction) { self.function = function }

  public func writeGradient(
    samples: Int, _ writer: GradientWriter?, primal: (Range<Int>) -> Double,
    tangent: (Range<Int>) -> Double
  ) {}
}
