import Datasets
import Testing

@Suite struct PrefetcherTests {
  private let dataset: Dataset
  private let sampler = ShardedSampler(count: 23, globalBatch: 10, order: .shuffled(seed: 4))
  private let augmentation = Augmentation(padding: 2, flip: .horizontal, seed: 4)

  init() throws {
    dataset = try DatasetSource.synthetic(
      height: 6, width: 5, channels: 3, classes: 4, count: 23, seed: 1
    ).load(.train, directory: nil)
  }

  /// Compares a batch with the samples fetched one by one.
  private func check(_ batch: Batch, rank: Int, size: Int) {
    let global = sampler.globalBatch(step: batch.step, epoch: batch.epoch)
    let share = ShardedSampler.share(of: global.count, rank: rank, size: size)
    #expect(batch.globalCount == global.count)
    #expect(batch.globalOffset == share.lowerBound)
    #expect(batch.count == share.count)
    #expect(Array(batch.sampleIndices) == Array(global[share]))
    #expect(batch.images.count == share.count * dataset.pixelsPerImage)
    #expect(batch.labels.map(Int.init) == global[share].map { Int(dataset.labels[Int($0)]) })
    let numbers = dataset.pixelsPerImage
    let image = UnsafeMutableBufferPointer<Float>.allocate(capacity: numbers)
    defer { image.deallocate() }
    image.initialize(repeating: 0)
    for (slot, sample) in global[share].enumerated() {
      augmentation.writePlainly(Int(sample), of: dataset, epoch: batch.epoch, into: image)
      #expect(batch.images[slot * numbers..<(slot + 1) * numbers].elementsEqual(image))
    }
  }

  @Test("three epochs equal direct assembly on every rank, empty shares included", arguments: 1...4)
  func direct(size: Int) throws {
    var emptyShares = 0
    for rank in 0..<size {
      let prefetcher = try Prefetcher(
        dataset: dataset, sampler: sampler, augmentation: augmentation, rank: rank, size: size,
        epochs: 3)
      for epoch in 0..<3 {
        for step in 0..<3 {
          let batch = try #require(prefetcher.next())
          #expect((batch.epoch, batch.step) == (epoch, step))
          check(batch, rank: rank, size: size)
          if batch.count == 0 { emptyShares += 1 }
        }
      }
      #expect(prefetcher.next() == nil)
      #expect(prefetcher.next() == nil)
    }
    #expect(emptyShares == (size == 4 ? 3 : 0))
  }

  @Test("a run resumed in the middle of an epoch, or at its end, goes on where it stopped")
  func resume() throws {
    for (start, expected) in [
      (BatchPosition(epoch: 1, step: 2), [(1, 2), (2, 0), (2, 1), (2, 2)]),
      (BatchPosition(epoch: 1, step: 3), [(2, 0), (2, 1), (2, 2)]),
      (BatchPosition(epoch: 3, step: 0), []),
    ] {
      let prefetcher = try Prefetcher(
        dataset: dataset, sampler: sampler, augmentation: augmentation, rank: 1, size: 2,
        from: start, epochs: 3)
      for (epoch, step) in expected {
        let batch = try #require(prefetcher.next())
        #expect((batch.epoch, batch.step) == (epoch, step))
        check(batch, rank: 1, size: 2)
      }
      #expect(prefetcher.next() == nil)
    }
  }

  @Test("a batch stays as it is until the next one is asked for", arguments: [2, 3, 5])
  func lent(depth: Int) throws {
    let prefetcher = try Prefetcher(
      dataset: dataset, sampler: sampler, augmentation: augmentation, rank: 0, size: 1,
      epochs: 40, depth: depth)
    while let batch = prefetcher.next() {
      let before = Array(batch.images)
      for _ in 0..<20 { #expect(batch.images.elementsEqual(before)) }
      check(batch, rank: 0, size: 1)
    }
  }

  @Test("stopping in the middle ends the thread and the batches")
  func stop() throws {
    for taken in 0..<5 {
      let prefetcher = try Prefetcher(
        dataset: dataset, sampler: sampler, augmentation: augmentation, rank: 0, size: 1,
        epochs: Int.max)
      for _ in 0..<taken { #expect(prefetcher.next() != nil) }
      prefetcher.stop()
      #expect(prefetcher.next() == nil)
      prefetcher.stop()
    }
  }

  @Test("letting go of a running prefetcher ends its thread")
  func letGo() throws {
    for taken in 0..<20 {
      let prefetcher = try Prefetcher(
        dataset: dataset, sampler: sampler, augmentation: augmentation, rank: 0, size: 1,
        epochs: Int.max)
      for _ in 0..<taken % 5 { _ = prefetcher.next() }
    }
  }

  @Test("an evaluation pass delivers all samples in natural order, and waiting is measured")
  func evaluation() throws {
    let natural = ShardedSampler(count: 23, globalBatch: 10, order: .natural)
    let prefetcher = try Prefetcher(
      dataset: dataset, sampler: natural, rank: 0, size: 1, epochs: 1)
    var seen: [Int32] = []
    while let batch = prefetcher.next() { seen += batch.sampleIndices }
    #expect(seen == (0..<23).map { $0 })
    #expect(prefetcher.waited >= .zero)
  }
}
