import CKernels
import Failures
import Tensors

/// Sums whose bits depend neither on the order of their terms nor on how ranks share them:
/// fixed-point superaccumulators.
///
/// A term x is split into two integers, x ≈ h·2⁻¹⁴ + l·2⁻⁶³, and integers are added: exactly, in
/// any order, by any allreduce. Conditions:
/// - A term is rounded once, to 2⁻⁶³, before it is added.
/// - Terms are smaller than 2³⁴ in magnitude. Larger terms are counted, and the sums then read as
///   NaN.
/// - Sums are smaller than 2⁴⁹ in magnitude.
/// - There are at most 2¹⁴ ranks.
public struct ExactSums {
  private let count: Int
  /// (h, l) of every sum, and then the number of terms out of range.
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

  /// All sums from `start` on with the number of terms out of range, for the last collective.
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

  /// Whether all terms were finite and in range; covers all ranks after the collective of the
  /// counts.
  public var isValid: Bool { limbs[2 * count] == 0 }

  /// Reads the sums from `start` on, rounded to floats; NaN if a term was out of range.
  public func read(into values: Tensor, from start: Int) {
    guard isValid else { return values.fill(.nan) }
    ck_exact_floats(values.count, pointer(start, values.count), values.pointer)
  }

  /// The sums from `start` on, even if a term of other sums was out of range, since flags must be
  /// read when gradients are not finite.
  public func readCounters(into values: Tensor, from start: Int) {
    ck_exact_floats(values.count, pointer(start, values.count), values.pointer)
  }

  /// Reads the sums from `start` on; NaN if a term was out of range.
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
