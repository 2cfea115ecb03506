import Datasets
import Networks
import RandomNumbers

/// A global batch of random images and labels, the same for the same seed, and each rank's share of it.
public final class RandomSamples {
  public let count: Int
  private let pixelsPerImage: Int
  private let images: UnsafeMutableBufferPointer<Float>
  private let labels: UnsafeMutableBufferPointer<Int32>
  private let indices: UnsafeMutableBufferPointer<Int32>

  public init(_ architecture: Architecture, count: Int, seed: UInt64) {
    self.count = count
    pixelsPerImage = architecture.height * architecture.width * architecture.channels
    images = .allocate(capacity: count * pixelsPerImage)
    labels = .allocate(capacity: count)
    indices = .allocate(capacity: count)
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    for index in images.indices { images[index] = Float(generator.uniform()) }
    for index in 0..<count {
      labels[index] = Int32(generator.integer(below: architecture.classes))
      indices[index] = Int32(index)
    }
  }

  deinit {
    images.deallocate()
    labels.deallocate()
    indices.deallocate()
  }

  public func setPixel(_ pixel: Int, ofSample sample: Int, to value: Float) {
    images[sample * pixelsPerImage + pixel] = value
  }

  public func setLabel(ofSample sample: Int, to label: Int32) { labels[sample] = label }

  public var pixels: [Float] { Array(images) }
  public var classes: [Int32] { Array(labels) }

  /// Lends the samples of one rank.
  public func withShare<Value>(
    rank: Int = 0, of size: Int = 1, granularity: Int = 1, _ body: (Batch) throws -> Value
  ) rethrows -> Value {
    let mine = ShardedSampler.share(
      of: count, rank: rank, size: size, granularity: granularity)
    let pixels = mine.lowerBound * pixelsPerImage..<mine.upperBound * pixelsPerImage
    return try withExtendedLifetime(self) {
      try body(
        Batch(
          images: UnsafeMutableBufferPointer(rebasing: images[pixels]),
          labels: UnsafeMutableBufferPointer(rebasing: labels[mine]),
          sampleIndices: UnsafeMutableBufferPointer(rebasing: indices[mine]), count: mine.count,
          globalCount: count, globalOffset: mine.lowerBound, epoch: 0, step: 0))
    }
  }
}
