import Kernels
import Tensors

/// y = (softplus(βx) − log 2)/β, so that y(0) = 0 for every β > 0.
///
/// Any shape. β → ∞ gives ReLU, β → 0 gives x/2; max s″/s′ = β bounds the layer's normalised curvature.
/// β = exp(log_beta) + 1e-3 is trained, and may be shared by several layers.
/// - Source: Srinivas et al. 2022, §3.1.
public final class CenteredSoftplus: SoftplusActivation {
  public let logBeta: Parameter
  public let parameters: [Parameter]
  private let slices: Slices

  /// The reparameterisation belongs to the layer that made the parameter; sharers pass nil.
  public let reparameterizations: [any Reparameterization]

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
