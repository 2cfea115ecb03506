import Failures

/// The ranges, short enough for MPI, whose counts are C ints, into which `0 ..< count` is divided.
///
/// No range if `count` is 0.
package struct CountChunks: Sequence, IteratorProtocol {
  private var rest: Range<Int>
  private let limit: Int

  /// - Parameter limit: longest range; tests give a small one, since 2³¹ elements take too much
  ///   memory.
  package init(of count: Int, limit: Int = Int(Int32.max)) {
    require(count >= 0 && limit > 0, "no chunks of \(limit) in \(count)")
    rest = 0..<count
    self.limit = limit
  }

  package mutating func next() -> Range<Int>? {
    if rest.isEmpty { return nil }
    let chunk = rest.prefix(limit)
    rest = chunk.upperBound..<rest.upperBound
    return chunk
  }
}
