import Failures
import Kernels
import Tensors

/// The signed extreme eigenvalues of H per sample, by Lanczos iteration with full
/// reorthogonalization.
///
/// After k products T_k = VᵀHV is tridiagonal, and its outermost eigenvalues θ approach those of H
/// from inside. The residual of a Ritz vector is β_k·|last component of T_k's eigenvector|. A
/// sample has converged when the residuals at both ends are at most `tolerance`·max|θ|. The k basis
/// vectors of all samples are stored.
/// - Source: Paige, "The computation of eigenvalues and eigenvectors of very large sparse
///   matrices", 1971.
public struct Lanczos {
  public let iterations: Int
  public let tolerance: Double
  private let product: HessianVectorProduct
  /// Basis vector k of every sample.
  private let basis: [Tensor]
  private let arena: Arena

  /// - Parameter iterations: the largest number of iterations, reduced to the number of an image's
  ///   elements.
  /// - Throws: ``ArenaError`` if the basis does not fit.
  public init(_ product: HessianVectorProduct, iterations: Int, tolerance: Double) throws {
    require(
      iterations > 0 && tolerance >= 0, "\(iterations) iterations to tolerance \(tolerance)")
    let shape = product.model.input.shape
    let steps = min(iterations, shape.stride)
    self.product = product
    self.iterations = steps
    self.tolerance = tolerance
    (basis, arena) = try Arena.plan { arena in (0..<steps).map { _ in arena.tensor(shape) } }
  }

  /// Iterates on the first `samples` samples until all have converged.
  ///
  /// The samples must be linearized. The iteration starts from the directions in `input.tangent`
  /// and overwrites them.
  public func run(
    _ samples: Int, onProduct: (Double) -> Void = { _ in }
  ) -> [SpectralEstimate] {
    let input = product.model.input
    var projected = [SymmetricTridiagonal](repeating: SymmetricTridiagonal(), count: samples)
    var estimates = [SpectralEstimate](repeating: .none, count: samples)
    for sample in 0..<samples { normalize(input.tangent.slice(sample..<sample + 1)) }
    for step in 0..<iterations {
      product.apply(samples)
      for sample in 0..<samples where estimates[sample].isConverged != true {
        let image = sample..<sample + 1
        let v = input.tangent.slice(image)
        let w = input.gradientTangent.slice(image)
        basis[step].slice(image).copy(from: v)
        projected[sample].diagonal.append(dot(v, w))
        for _ in 0..<2 { orthogonalize(w, sample, against: step + 1) }
        let next = normalize(w)
        estimates[sample] = estimate(projected[sample], next: next)
        projected[sample].coupling.append(next)
        v.copy(from: w)
      }
      onProduct(Double(step + 1) / Double(iterations))
      if estimates.allSatisfy({ $0.isConverged == true }) { break }
    }
    return withExtendedLifetime(arena) { estimates }
  }

  private func orthogonalize(_ w: Tensor, _ sample: Int, against count: Int) {
    for vector in basis.prefix(count) {
      let v = vector.slice(sample..<sample + 1)
      add(v, times: Float(-dot(v, w)), into: w)
    }
  }

  /// - Parameter next: β_k, the next coupling of T_k.
  private func estimate(_ projected: SymmetricTridiagonal, next: Double) -> SpectralEstimate {
    let (low, high) = (projected.smallest, projected.largest)
    let norm = max(abs(low.value), abs(high.value))
    let residual = next * max(low.lastComponent, high.lastComponent)
    return SpectralEstimate(
      norm: norm, eigenvalue: -low.value > high.value ? low.value : high.value,
      residual: norm > 0 ? residual / norm : 0, products: projected.diagonal.count,
      isConverged: next == 0 || residual <= tolerance * norm,
      extremes: SpectralEstimate.Extremes(smallest: low.value, largest: high.value))
  }
}
