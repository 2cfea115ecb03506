/// How a batch is cut: slices of a fixed number of samples, the last one shorter.
///
/// Kernels are always called on whole slices, so that what a sample's results depend on is the slice
/// and not the number of samples that a rank or a thread happens to hold.
public struct Slices: Sendable, Equatable {
  public let samples: Int

  public init(samples: Int) {
    precondition(samples > 0, "a slice of \(samples) samples")
    self.samples = samples
  }

  public func forEach(in count: Int, _ body: (Range<Int>) -> Void) {
    var start = 0
    while start < count {
      let end = min(start + samples, count)
      body(start..<end)
      start = end
    }
  }
}
