import Failures
import Kernels

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
