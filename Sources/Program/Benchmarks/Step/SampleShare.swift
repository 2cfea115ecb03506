import Datasets

/// A rank's share of a global batch, as a copy.
final class SampleShare {
  let batch: Batch

  /// - Parameter share: indices into `dataset`, the whole of which is the global batch.
  init(_ dataset: Dataset, share: Range<Int>) {
    let images = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: share.count * dataset.pixelsPerImage)
    let labels = UnsafeMutableBufferPointer<Int32>.allocate(capacity: share.count)
    let indices = UnsafeMutableBufferPointer<Int32>.allocate(capacity: share.count)
    for (slot, sample) in share.enumerated() {
      let pixels = slot * dataset.pixelsPerImage..<(slot + 1) * dataset.pixelsPerImage
      dataset.copyImage(sample, into: UnsafeMutableBufferPointer(rebasing: images[pixels]))
      labels.initializeElement(at: slot, to: Int32(dataset.labels[sample]))
      indices.initializeElement(at: slot, to: Int32(sample))
    }
    batch = Batch(
      images: images, labels: labels, sampleIndices: indices, count: share.count,
      globalCount: dataset.count, globalOffset: share.lowerBound, epoch: 0, step: 0)
  }

  deinit {
    batch.images.deallocate()
    batch.labels.deallocate()
    batch.sampleIndices.deallocate()
  }
}
