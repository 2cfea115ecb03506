import Failures

/// How a batch is cut: slices of a fixed number of samples, the last one shorter.
///
/// Kernels are always called on whole slices, so that what a sample's results depend on is the
/// slice and not the number of samples that a rank or a thread happens to hold.
public struct Slices: Sendable, Equatable {
  public let samples: Int

  public init(samples: Int) {
    require(samples > 0, "a slice of \(samples) samples")
    self.samples = samples
  }

  public func forEach(in count: Int, _ body: (Range<Int>) -> Void) {
    forEach(in: 0..<count, body)
  }

  /// The slices of a range that begins where a slice does.
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
