/// One of several equal shares of a sum whose terms lie in memory that all ranks reach.
struct SliceReduction {
  let share: Int
  let shares: Int

  /// The elements of this share, in whole cache lines so that no two ranks write to one.
  func part(of count: Int, stride: Int) -> Range<Int> {
    let line = 64 / stride
    let lines = (count + line - 1) / line
    return min(
      share * lines / shares * line, count)..<min(
        (share + 1) * lines / shares * line, count)
  }

  enum Destination { case first, all }

  /// copies[0][i] ← Σₖ copies[k][i], in order of k, for this share's i; on all copies if so asked.
  ///
  /// In blocks that stay in the first-level cache from their first use to their last.
  @inline(__always)
  func add<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ count: Int, into destination: Destination,
    copies copy: (_ rank: Int) -> UnsafeMutablePointer<Element>
  ) {
    let stride = MemoryLayout<Element>.stride
    let part = part(of: count, stride: stride)
    let total = copy(0)
    for start in Swift.stride(
      from: part.lowerBound, to: part.upperBound, by: Self.blockBytes / stride)
    {
      let end = min(start + Self.blockBytes / stride, part.upperBound)
      for other in 1..<shares {
        let values = copy(other)
        for index in start..<end { total[index] += values[index] }
      }
      guard destination == .all else { continue }
      for other in 1..<shares {
        copy(other).advanced(by: start).update(from: total + start, count: end - start)
      }
    }
  }

  private static let blockBytes = 8192
}
