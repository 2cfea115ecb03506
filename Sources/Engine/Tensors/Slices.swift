import Failures

/// The division of a batch into slices of a fixed number of samples; the last slice may be shorter.
///
/// Kernels are always called on whole slices, so a sample's results depend on its slice, not on the
/// number of samples of a rank or a thread.
public struct Slices: Sendable, Equatable {
  public let samples: Int

  public init(samples: Int) {
    require(samples > 0, "a slice of \(samples) samples")
    self.samples = samples
  }

  public func forEach(in count: Int, _ body: (Range<Int>) -> Void) {
    forEach(in: 0..<count, body)
  }

  /// Calls `body` with the slices of a range that starts at the border of a slice.
  public func forEach(in range: Range<Int>, _ body: (Range<Int>) -> Void) {
    require(range.lowerBound % samples == 0, "\(range) in slices of \(samples)")
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + samples, range.upperBound)
      body(start..<end)
      start = end
    }
  }
}
