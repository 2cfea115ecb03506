/// Reduction of one of several equal slices of buffers that lie in memory which all ranks reach.
struct SliceReduction {
  /// Number of the slice, 0 ..< `slices`.
  let slice: Int
  /// Number of slices, and of buffers: each rank reduces one slice of all buffers.
  let slices: Int

  /// Elements of the slice, in whole cache lines, so that no two ranks write to one line.
  func range(of count: Int, stride: Int) -> Range<Int> {
    let line = 64 / stride
    let lines = (count + line - 1) / line
    return min(
      slice * lines / slices * line, count)..<min(
        (slice + 1) * lines / slices * line, count)
  }

  enum Destination { case first, all }

  /// buffer[0][i] ← Σₖ buffer[k][i] in order of k, for each i of the slice; with `.all`, also
  /// buffer[k][i] ← buffer[0][i].
  ///
  /// In blocks that stay in the first-level cache from the first use to the last.
  @inline(__always)
  func add<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ count: Int, into destination: Destination,
    buffers buffer: (_ rank: Int) -> UnsafeMutablePointer<Element>
  ) {
    let stride = MemoryLayout<Element>.stride
    let range = range(of: count, stride: stride)
    let total = buffer(0)
    for start in Swift.stride(
      from: range.lowerBound, to: range.upperBound, by: Self.blockBytes / stride)
    {
      let end = min(start + Self.blockBytes / stride, range.upperBound)
      for other in 1..<slices {
        let values = buffer(other)
        for index in start..<end { total[index] += values[index] }
      }
      guard destination == .all else { continue }
      for other in 1..<slices {
        buffer(other).advanced(by: start).update(from: total + start, count: end - start)
      }
    }
  }

  private static let blockBytes = 8192
}
