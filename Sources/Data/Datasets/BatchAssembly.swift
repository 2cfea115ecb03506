/// Fills memory with one rank's share of one global batch.
struct BatchAssembly: Sendable {
  let dataset: Dataset
  let sampler: ShardedSampler
  let augmentation: Augmentation
  let rank: Int
  let size: Int

  /// Largest number of samples in a batch of this rank.
  var capacity: Int { sampler.largestShare(size: size) }

  /// Writes this rank's samples of one step to the beginnings of the three buffers.
  ///
  /// `order` is the sample order of `position.epoch`. Each buffer holds `capacity` samples.
  func assemble(
    at position: BatchPosition, order: UnsafeMutableBufferPointer<Int32>, into memory: BatchMemory
  ) -> Batch {
    let positions = sampler.positions(step: position.step)
    let share = sampler.share(step: position.step, rank: rank, size: size)
    let numbers = dataset.pixelsPerImage
    let batch = Batch(
      images: memory.images.prefix(samples: share.count, each: numbers),
      labels: memory.labels.prefix(samples: share.count, each: 1),
      sampleIndices: memory.sampleIndices.prefix(samples: share.count, each: 1),
      count: share.count, globalCount: positions.count,
      globalOffset: share.lowerBound - positions.lowerBound,
      epoch: position.epoch, step: position.step)
    for (slot, place) in share.enumerated() {
      let sample = Int(order[place])
      batch.sampleIndices[slot] = order[place]
      batch.labels[slot] = Int32(dataset.labels[sample])
      augmentation.write(
        sample, of: dataset, epoch: position.epoch,
        into: UnsafeMutableBufferPointer(
          rebasing: batch.images[slot * numbers..<(slot + 1) * numbers]))
    }
    return batch
  }
}

extension UnsafeMutableBufferPointer {
  fileprivate func prefix(samples: Int, each: Int) -> Self {
    Self(rebasing: self[..<(samples * each)])
  }
}
