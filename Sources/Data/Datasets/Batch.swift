/// This rank's share of one global batch, lent by a ``Prefetcher`` until its next call of `next()`.
public struct Batch {
  /// Images, count × height × width × channels, with pixels in [0, 1].
  public let images: UnsafeMutableBufferPointer<Float>
  /// The class of each local sample.
  public let labels: UnsafeMutableBufferPointer<Int32>
  /// Index in the data set of each local sample.
  public let sampleIndices: UnsafeMutableBufferPointer<Int32>
  /// Number of samples of this rank; may be 0.
  public let count: Int
  /// Number of samples of all ranks.
  public let globalCount: Int
  /// Index in the global batch of the first local sample.
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
