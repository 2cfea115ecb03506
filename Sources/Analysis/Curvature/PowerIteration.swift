import Failures
import Kernels
import Tensors

/// ‖H‖₂ per sample by v ← Hv/‖Hv‖; the estimate is ‖Hv‖ at the last unit vector v.
///
/// ‖Hv‖ never exceeds ‖H‖ and grows from step to step; unlike |vᵀHv| it cannot cancel between
/// eigenvalues ±λ. Products are normalized by their norm, whatever its size. A sample has converged
/// when ‖Hv‖ has grown by at most `tolerance` of itself: for growth by a factor 1 + δ, v is an
/// eigenvector of H² up to a residual of √(2δ + δ²), relative to ‖Hv‖².
public struct PowerIteration: Sendable, Equatable {
  public let iterations: Int
  public let tolerance: Double

  public init(iterations: Int, tolerance: Double) {
    require(
      iterations > 0 && tolerance >= 0, "\(iterations) iterations to tolerance \(tolerance)")
    self.iterations = iterations
    self.tolerance = tolerance
  }

  /// Iterates on the first `samples` samples until all have converged.
  ///
  /// The samples must be linearized. The iteration starts from the directions in `input.tangent`
  /// and overwrites them.
  ///
  /// A sample's estimate is the one at its convergence, and does not depend on other samples.
  public func run(
    _ product: HessianVectorProduct, _ samples: Int, onProduct: (Double) -> Void = { _ in }
  ) -> [SpectralEstimate] {
    let input = product.model.input
    for sample in 0..<samples { normalize(input.tangent.slice(sample..<sample + 1)) }
    var estimates = [SpectralEstimate](repeating: .none, count: samples)
    for step in 0..<iterations {
      product.apply(samples)
      for sample in 0..<samples where estimates[sample].isConverged != true {
        let image = sample..<sample + 1
        let v = input.tangent.slice(image)
        let hv = input.gradientTangent.slice(image)
        advance(&estimates[sample], v: v, product: hv)
        v.copy(from: hv)
        normalize(v)
      }
      onProduct(Double(step + 1) / Double(iterations))
      if estimates.allSatisfy({ $0.isConverged == true }) { break }
    }
    return estimates
  }

  private func advance(_ estimate: inout SpectralEstimate, v: Tensor, product: Tensor) {
    let previous = estimate
    estimate = SpectralEstimate(of: product, at: v)
    estimate.products = previous.products + 1
    let growth = abs(estimate.norm - previous.norm)
    estimate.isConverged =
      estimate.norm == 0 || (previous.products > 0 && growth <= tolerance * estimate.norm)
  }
}

extension SpectralEstimate {
  /// The norm, Rayleigh quotient and residual of one product Hv; v has any length.
  init(of product: Tensor, at v: Tensor) {
    self = .none
    let (vv, vw, ww) = (sumOfSquares(v), dot(v, product), sumOfSquares(product))
    // A NaN passes the guard and so appears in the estimate.
    guard vv != 0, ww != 0 else { return }
    norm = (ww / vv).squareRoot()
    eigenvalue = vw / vv
    residual = max(0, 1 - vw / vv * (vw / ww)).squareRoot()
  }
}
