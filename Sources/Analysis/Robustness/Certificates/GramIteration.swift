import Failures
import Kernels
import Tensors

/// The largest singular value σ of a complex matrix X between two bounds, the upper one never too
/// small.
///
/// G₀ = X, Gᵢ₊₁ = (Gᵢ/rᵢ)(Gᵢ/rᵢ)ᴴ with rᵢ = ‖Gᵢ‖_F. The singular values of Gᵢ₊₁ are the squares of
/// those of Gᵢ/rᵢ, so from ‖·‖₂ ≤ ‖·‖_F of the last one, square roots lead back to σ: an upper
/// bound whose excess over σ, of at most √rank, takes the root with them. From below, ‖GGᴴ‖_F ≤
/// ‖G‖₂‖G‖_F.
///
/// Each root is taken of the bound plus the largest rounding error that the product may have: for
/// inner products of k complex numbers ‖E‖_F ≤ (3k + 2)·2⁻⁵³ of ‖G/r‖_F² = 1, in whatever order
/// they are summed.
/// - Source: Delattre, Barthélemy, Araujo and Allauzen, ICML 2023; the rounding bounds are Higham's
///   (2002, §3.5).
final class GramIteration {
  struct Bounds: Equatable {
    let lower: Double
    let upper: Double
  }

  /// ‖X‖_F² ≤ rank·σ², so 2ⁱ roots of a rank of millions are within 1 % of 1 long before.
  private static let maximumSteps = 30
  /// Half the distance from 1 to the next number.
  private static let unit = Double.ulpOfOne / 2

  let rows: Int
  let columns: Int
  /// X as [real | imaginary], rows × 2·columns; an iteration overwrites it.
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

  /// Bounds of σ(`matrix`), until the upper one is at most (1 + tolerance) times the lower one or
  /// `floor`.
  ///
  /// - Parameter floor: a size that does not matter any more, since another matrix's σ is at least
  ///   as large.
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

  /// From ‖Gₜ‖₂ ≤ ‖Gₜ‖_F back to σ(X).
  private func upperBound(_ norms: [Double]) -> Double {
    // A sum of n squares is off by n units at most, and its root by half of that.
    let summands = Double(2 * rows * max(rows, columns))
    var bound = norms[norms.count - 1] * (1 + summands * Self.unit)
    for index in norms.indices.dropLast().reversed() {
      let inner = Double(index == 0 ? columns : rows)
      // Twice what the sums may err; the quotients by r err by two units each.
      let error = 2 * (3 * inner + 2) * Self.unit
      bound = norms[index] * ((bound + error).squareRoot() + 4 * Self.unit) * (1 + 4 * Self.unit)
    }
    return bound
  }

  /// From ‖Gₜ₋₁/r‖₂ ≥ ‖Gₜ‖_F back to σ(X), but for rounding.
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
