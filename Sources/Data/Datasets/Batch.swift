/// This rank's share of one global batch, lent by a ``Prefetcher`` until its next call of `next()`.
public struct Batch {
  /// count × height × width × channels, pixels in [0, 1].
  public let images: UnsafeMutableBufferPointer<Float>
  /// The class of each local sample.
  public let labels: UnsafeMutableBufferPointer<Int32>
  /// The place in the data set of each local sample.
  public let sampleIndices: UnsafeMutableBufferPointer<Int32>
  /// Samples of this rank; may be 0.
  public let count: Int
  /// Samples of all ranks.
  public let globalCount: Int
  /// Where in the global batch the local samples start.
  public let globalOffset: Int
  public let epoch: Int
  /// Index of the batch in its epoch.
  public let step: Int

  public init(
    images: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>,
    sampleIndices: UnsafeMutableBufferPointer<Int32>, count: Int, globalCount: Int,
    globalOffset: Int, epoch: Int, step: Int
  ) {
    self.images = images
    self.labels = labels
    self.sampleIndices = sampleIndices
    self.count = count
    self.globalCount = globalCount
    self.globalOffset = globalOffset
    self.epoch = epoch
    self.step = step
  }
}
