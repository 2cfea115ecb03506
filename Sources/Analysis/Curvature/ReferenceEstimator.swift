import Kernels
import Tensors

/// ‖H‖₂ per sample by the estimator of the reference implementation: |uᵀHu| after ten iterations.
///
/// u ← Hu/(‖Hu‖ + 1e-6) ten times, then one more product. The absolute guard shrinks u if ‖H‖ is
/// not far above 1e-6, and uᵀHu cancels if eigenvalues of both signs compete, so the result is
/// below that of ``PowerIteration``. It serves for comparison with published numbers only.
public struct ReferenceEstimator: Sendable, Equatable {
  public static let iterations = 10
  private static let guardTerm = 1e-6

  public init() {}

  /// Iterates on the first `samples` samples.
  ///
  /// The samples must be linearized. The iteration starts from the unit vectors in `input.tangent`
  /// and overwrites them.
  public func run(
    _ product: HessianVectorProduct, _ samples: Int, onProduct: (Double) -> Void = { _ in }
  ) -> [SpectralEstimate] {
    let input = product.model.input
    for step in 0..<Self.iterations {
      product.apply(samples)
      for sample in 0..<samples {
        let hu = input.gradientTangent.slice(sample..<sample + 1)
        let norm = sumOfSquares(hu).squareRoot()
        scale(
          hu, by: Float(1 / (norm + Self.guardTerm)), into: input.tangent.slice(sample..<sample + 1)
        )
      }
      onProduct(Double(step + 1) / Double(Self.iterations + 1))
    }
    product.apply(samples)
    return (0..<samples).map { sample in
      let u = input.tangent.slice(sample..<sample + 1)
      let hu = input.gradientTangent.slice(sample..<sample + 1)
      var estimate = SpectralEstimate(of: hu, at: u)
      estimate.eigenvalue = dot(u, hu)
      estimate.norm = abs(estimate.eigenvalue)
      estimate.products = Self.iterations + 1
      estimate.isConverged = nil
      return estimate
    }
  }
}
