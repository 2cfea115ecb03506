import Kernels
import Tensors

/// y = (softplus(βx) − log 2)/β, so that y(0) = 0 for every β > 0.
///
/// Any shape. β → ∞ gives ReLU, β → 0 gives x/2; max s″/s′ = β bounds the layer's normalised curvature.
/// β = exp(log_beta) + 1e-3 is trained, and may be shared by several layers.
/// - Source: Srinivas et al. 2022, §3.1.
public final class CenteredSoftplus: SoftplusActivation {
  public let logBeta: Parameter
  private let slices: Slices

  /// The reparameterisation belongs to the layer that made the parameter; sharers pass nil.
  public let reparameterizations: [any Reparameterization]

  public init(logBeta: Parameter, exponential: Exponential?, slices: Slices) {
    self.logBeta = logBeta
    self.slices = slices
    reparameterizations = exponential.map { [$0] } ?? []
  }

  public var parameters: [Parameter] { [logBeta] }
  public var beta: Float { logBeta.effective[0] }

  public func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights
  ) {
    let claimed = logBeta.claim(weights)
    var sum = claimed.previous == 0 ? 0 : Double(claimed.previous * logBeta.gradient[0])
    slices.forEach(in: samples) { slice in
      let (x, y) = (x.slice(slice), y.slice(slice))
      sum += Double(weights.primal) * softplus.betaGradient(x.value, gradient: y.gradient)
      if weights.tangent != 0 {
        sum +=
          Double(weights.tangent)
          * softplus.betaGradientTangent(
            x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent)
      }
    }
    logBeta.gradient[0] = Float(sum)
  }

  var softplus: Softplus { Softplus(beta: beta, centering: .centered) }
}
