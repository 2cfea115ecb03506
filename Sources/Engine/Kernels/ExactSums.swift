import CKernels
import Failures
import Tensors

/// Sums whose bits do not depend on the order of their terms, nor on how ranks share them.
///
/// A term x is split into two integers, x ≈ h·2⁻¹⁴ + l·2⁻⁶³, and integers are added: exactly, in
/// any order, by any allreduce. A term is rounded once, to 2⁻⁶³, before it is added. Terms must be
/// smaller than 2³⁴ and sums than 2⁴⁹ in magnitude, with at most 2¹⁴ ranks; larger terms are
/// counted, and the sums then read as NaN.
public struct ExactSums {
  private let count: Int
  /// (h, l) of every sum, then how many terms were out of range.
  private let limbs: UnsafeMutableBufferPointer<Int64>

  /// Zeroed sums.
  public init(count: Int, arena: Arena, in region: Arena.Region = .local) {
    self.count = count
    limbs = arena.buffer(of: Int64.self, count: 2 * count + 1, in: region)
  }

  /// Sums `range` as integers, for a collective.
  public func buffer(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Int64> {
    UnsafeMutableBufferPointer(rebasing: limbs[2 * range.lowerBound..<2 * range.upperBound])
  }

  /// The same with the count of terms that were out of range, for the last collective.
  public func bufferWithCount(from start: Int) -> UnsafeMutableBufferPointer<Int64> {
    UnsafeMutableBufferPointer(rebasing: limbs[(2 * start)...])
  }

  public func clear() { limbs.update(repeating: 0) }

  /// Adds one term to each of the sums from `start` on.
  public func add(_ terms: Tensor, at start: Int) {
    limbs[2 * count] += Int64(
      ck_exact_add_floats(terms.count, terms.pointer, pointer(start, terms.count)))
  }

  /// Adds one term to each of the sums from `start` on.
  public func add(_ terms: UnsafeMutableBufferPointer<Double>, at start: Int) {
    guard let base = terms.baseAddress else { return }
    limbs[2 * count] += Int64(
      ck_exact_add_doubles(terms.count, base, pointer(start, terms.count)))
  }

  /// Whether all terms were finite and in range, on all ranks once the counts have been summed.
  public var isValid: Bool { limbs[2 * count] == 0 }

  /// The sums from `start` on, rounded to floats; NaN if a term was out of range.
  public func read(into values: Tensor, from start: Int) {
    guard isValid else { return values.fill(.nan) }
    ck_exact_floats(values.count, pointer(start, values.count), values.pointer)
  }

  /// The sums from `start` on, whatever became of others: flags must be read when gradients are not
  /// finite.
  public func readCounters(into values: Tensor, from start: Int) {
    ck_exact_floats(values.count, pointer(start, values.count), values.pointer)
  }

  /// The sums from `start` on; NaN if a term was out of range.
  public func read(into values: UnsafeMutableBufferPointer<Double>, from start: Int) {
    guard isValid else { return values.update(repeating: .nan) }
    guard let base = values.baseAddress else { return }
    ck_exact_doubles(values.count, pointer(start, values.count), base)
  }

  private func pointer(_ start: Int, _ terms: Int) -> UnsafeMutablePointer<Int64> {
    guard let base = limbs.baseAddress, start >= 0, start + terms <= count else {
      unreachable("\(terms) terms from \(start) on, in \(count) sums")
    }
    return base + 2 * start
  }
}
