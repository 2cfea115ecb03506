import Datasets
import Failures
import MessagePassing
import Tensors

/// A pass over a data set that visits every sample once, in order; ranks share whole slices.
///
/// A slice holds the same samples for any number of ranks and any batch size. A measurement of a
/// sample therefore has the same bits if slices are measured one by one. The bits are also the same
/// if several slices are measured at once by passes in evaluation mode, which take slices one by
/// one where it makes a difference.
public struct SliceSweep {
  /// Consecutive samples, lent for the duration of a call.
  public struct Slice {
    /// Index of the first sample in the data set.
    public let first: Int
    /// Images, count × height × width × channels, with pixels in [0, 1].
    public let images: UnsafeMutableBufferPointer<Float>
    public let labels: UnsafeBufferPointer<Int32>
    public var count: Int { labels.count }

    /// Copies the images to the first `count` images of `tensor`.
    public func copyImages(into tensor: Tensor) {
      guard let images = images.baseAddress else { return }
      tensor.pointer.update(from: images, count: tensor.prefix(count).count)
    }
  }

  private let dataset: Dataset
  private let blocks: Slices
  private let sampler: ShardedSampler
  private let communicator: any Communicator
  private let name: String
  private let observer: SurveyObserver?

  /// - Parameters:
  ///   - name: of the survey, for its observer.
  ///   - observer: rank 0's.
  ///   - samplesAtOnce: number of samples in a call, rounded to whole slices; by default one slice.
  ///   - batch: number of samples that ranks share at a time, rounded to whole slices per rank.
  public init(
    _ dataset: Dataset, slices: Slices, samplesAtOnce: Int = 1, batch: Int,
    communicator: any Communicator, name: String = "", observer: SurveyObserver? = nil
  ) {
    self.dataset = dataset
    self.name = name
    self.observer = communicator.rank == 0 ? observer : nil
    blocks = Slices(samples: max(1, samplesAtOnce / slices.samples) * slices.samples)
    self.communicator = communicator
    let unit = slices.samples * communicator.size
    sampler = ShardedSampler(
      count: dataset.count, globalBatch: max(1, batch / unit) * unit, order: .natural,
      granularity: slices.samples)
  }

  /// Returns the records of all ranks' slices on every rank, in the order of the samples.
  ///
  /// Collective; `measure` itself makes no collectives.
  /// - Parameter recordsPerSample: number of records that `measure` returns per sample of its
  ///   slice.
  public func run<Record: BitwiseCopyable>(
    recordsPerSample: Int = 1, _ measure: (Slice) -> [Record]
  ) throws -> [Record] {
    var records: [Record] = []
    communicator.enter(.measurement)
    try forEach { slice in
      let found = measure(slice)
      require(
        found.count == slice.count * recordsPerSample,
        "\(found.count) records of \(slice.count) samples")
      records += found
    }
    return inOrder(communicator.allGather(RecordBytes.bytes(of: records)), recordsPerSample)
  }

  /// Calls `body` for each of this rank's slices.
  ///
  /// Collective; `body` itself makes no collectives.
  func forEach(_ body: (Slice) -> Void) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    let prefetcher = try Agreement(communicator).perform {
      try Prefetcher(dataset: dataset, sampler: sampler, rank: rank, size: size, epochs: 1)
    }
    defer { prefetcher.stop() }
    let own = (0..<sampler.stepsPerEpoch).reduce(0) {
      $0 + sampler.share(step: $1, rank: rank, size: size).count
    }
    var done = 0
    while let batch = prefetcher.next() {
      blocks.forEach(in: batch.count) { range in
        communicator.beat()
        let pixels = range.lowerBound * dataset.pixelsPerImage
        body(
          Slice(
            first: Int(batch.sampleIndices[range.lowerBound]),
            images: UnsafeMutableBufferPointer(
              rebasing: batch.images[pixels..<pixels + range.count * dataset.pixelsPerImage]),
            labels: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: batch.labels[range]))))
        done += range.count
        if let observer { observer(progress(done, of: own)) }
      }
    }
  }

  /// Progress over all ranks, of whose samples this rank has done `done` out of `own`.
  private func progress(_ done: Int, of own: Int) -> SurveyProgress {
    let all = Int((Double(dataset.count) * Double(done) / Double(own)).rounded(.down))
    let stage = "\(name), \(dataset.split.rawValue) samples"
    return SurveyProgress(
      survey: stage, stage: stage, done: Double(all), total: Double(dataset.count),
      count: "\(all) of \(dataset.count) samples")
  }

  /// The ranks' records in the order of the samples.
  private func inOrder<Record: BitwiseCopyable>(
    _ parts: [[UInt8]], _ recordsPerSample: Int
  ) -> [Record] {
    let found = parts.map { RecordBytes.records(Record.self, from: $0) }
    var records: [Record] = []
    records.reserveCapacity(dataset.count * recordsPerSample)
    var taken = [Int](repeating: 0, count: parts.count)
    for step in 0..<sampler.stepsPerEpoch {
      for rank in parts.indices {
        let share = sampler.share(step: step, rank: rank, size: parts.count)
        let next = taken[rank] + share.count * recordsPerSample
        records += found[rank][taken[rank]..<next]
        taken[rank] = next
      }
    }
    return records
  }
}
