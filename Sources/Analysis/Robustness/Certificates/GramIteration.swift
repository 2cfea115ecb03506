import Failures
import Kernels
import Tensors

/// A lower and a certified upper bound of the largest singular value σ of a complex matrix X.
///
/// G₀ = X, Gᵢ₊₁ = (Gᵢ/rᵢ)(Gᵢ/rᵢ)ᴴ with rᵢ = ‖Gᵢ‖_F. The singular values of Gᵢ₊₁ are the squares of
/// those of Gᵢ/rᵢ. From ‖·‖₂ ≤ ‖·‖_F of the last matrix, square roots lead back to an upper bound
/// of σ. Its excess over σ, at most √rank, shrinks with every root. The lower bound follows from
/// ‖GGᴴ‖_F ≤ ‖G‖₂‖G‖_F.
///
/// Each root is taken of the bound plus the largest rounding error of the product: for inner
/// products of k complex numbers ‖E‖_F ≤ (3k + 2)·2⁻⁵³ of ‖G/r‖_F² = 1, in any order of the sums.
/// - Source: Delattre, Barthélemy, Araujo and Allauzen, ICML 2023; the rounding bounds are Higham's
///   (2002, §3.5).
final class GramIteration {
  struct Bounds: Equatable {
    let lower: Double
    let upper: Double
  }

  /// ‖X‖_F² ≤ rank·σ², so 2ⁱ-th roots of a rank of millions are within 1 % of 1 long before.
  private static let maximumSteps = 30
  /// Half the distance from 1 to the next number.
  private static let unit = Double.ulpOfOne / 2

  let rows: Int
  let columns: Int
  /// X as [real | imaginary], rows × 2·columns; overwritten by an iteration.
  let matrix: UnsafeMutableBufferPointer<Double>
  private let even: UnsafeMutableBufferPointer<Double>
  private let odd: UnsafeMutableBufferPointer<Double>
  private let scratch: UnsafeMutableBufferPointer<Double>
  private let arena: Arena

  /// - Throws: ``ArenaError`` if the matrices do not fit.
  init(rows: Int, columns: Int) throws {
    require(rows > 0 && columns > 0, "a matrix of \(rows)×\(columns)")
    self.rows = rows
    self.columns = columns
    let sizes = [2 * rows * columns, 2 * rows * rows, 2 * rows * rows, rows * rows]
    let (buffers, arena) = try Arena.plan { arena in
      sizes.map { arena.buffer(of: Double.self, count: $0) }
    }
    (matrix, even, odd, scratch) = (buffers[0], buffers[1], buffers[2], buffers[3])
    self.arena = arena
  }

  /// Bounds of σ(`matrix`); stops when the upper bound is at most (1 + tolerance) times the lower
  /// one or `floor`.
  ///
  /// - Parameter floor: a size that does not matter, since the σ of another matrix is at least as
  ///   large.
  func bounds(tolerance: Double, floor: Double = 0) -> Bounds {
    var current = matrix
    var inner = columns
    var norms = [frobenius(current)]
    guard norms[0] > 0, norms[0].isFinite else { return Bounds(lower: norms[0], upper: norms[0]) }
    var bounds = Bounds(lower: 0, upper: upperBound(norms))
    for step in 0..<Self.maximumSteps {
      if bounds.upper <= (1 + tolerance) * max(bounds.lower, floor) { break }
      divide(current, by: norms[step])
      let next = step % 2 == 0 ? even : odd
      multiplyByAdjoint(current, rows: rows, columns: inner, into: next, scratch: scratch)
      (current, inner) = (next, rows)
      norms.append(frobenius(next))
      bounds = Bounds(lower: lowerBound(norms), upper: min(bounds.upper, upperBound(norms)))
    }
    return withExtendedLifetime(arena) { bounds }
  }

  /// σ(X) from above, from ‖Gₜ‖₂ ≤ ‖Gₜ‖_F.
  private func upperBound(_ norms: [Double]) -> Double {
    // A sum of n squares has an error of at most n units, and its root of half as many.
    let summands = Double(2 * rows * max(rows, columns))
    var bound = norms[norms.count - 1] * (1 + summands * Self.unit)
    for index in norms.indices.dropLast().reversed() {
      let inner = Double(index == 0 ? columns : rows)
      // Twice the error of the sums; the quotients by r have an error of two units each.
      let error = 2 * (3 * inner + 2) * Self.unit
      bound = norms[index] * ((bound + error).squareRoot() + 4 * Self.unit) * (1 + 4 * Self.unit)
    }
    return bound
  }

  /// σ(X) from below up to rounding, from ‖Gₜ₋₁/r‖₂ ≥ ‖Gₜ‖_F.
  private func lowerBound(_ norms: [Double]) -> Double {
    var bound = norms[norms.count - 1] * norms[norms.count - 2]
    for index in norms.indices.dropLast(2).reversed() { bound = norms[index] * bound.squareRoot() }
    return bound
  }

  private func frobenius(_ values: UnsafeMutableBufferPointer<Double>) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private func divide(_ values: UnsafeMutableBufferPointer<Double>, by divisor: Double) {
    let factor = 1 / divisor
    for index in values.indices { values[index] *= factor }
  }
}
