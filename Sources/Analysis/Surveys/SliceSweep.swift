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
    fileprivate let onAdvance: (Double) -> Void
    public var count: Int { labels.count }

    /// Tells which share of the slice's work is done, 0 … 1, where a slice takes seconds.
    public func advance(to share: Double) { onAdvance(share) }

    /// Copies the images to the first `count` images of `tensor`.
    public func copyImages(into tensor: Tensor) {
      guard let images = images.baseAddress else { return }
      tensor.pointer.update(from: images, count: tensor.prefix(count).count)
    }
  }

  private let dataset: Dataset
  /// Samples of the survey before the first of `dataset`.
  private let offset: Int
  private let globalBatch: Int
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
    let unit = slices.samples * communicator.size
    self.init(
      dataset, offset: 0, granularity: slices.samples,
      blocks: Slices(samples: max(1, samplesAtOnce / slices.samples) * slices.samples),
      globalBatch: max(1, batch / unit) * unit, communicator, name,
      communicator.rank == 0 ? observer : nil)
  }

  private init(
    _ dataset: Dataset, offset: Int, granularity: Int, blocks: Slices, globalBatch: Int,
    _ communicator: any Communicator, _ name: String, _ observer: SurveyObserver?
  ) {
    self.dataset = dataset
    self.offset = offset
    self.blocks = blocks
    self.globalBatch = globalBatch
    self.communicator = communicator
    self.name = name
    self.observer = observer
    sampler = ShardedSampler(
      count: dataset.count, globalBatch: globalBatch, order: .natural, granularity: granularity)
  }

  /// The sweep without its first `count` samples, which are whole slices.
  private func dropFirst(_ count: Int) -> SliceSweep {
    SliceSweep(
      dataset.dropFirst(count), offset: count, granularity: sampler.granularity, blocks: blocks,
      globalBatch: globalBatch, communicator, name, observer)
  }

  /// Returns the records of all ranks' slices on every rank, in the order of the samples.
  ///
  /// Collective; `measure` itself makes no collectives.
  /// - Parameters:
  ///   - recordsPerSample: number of records that `measure` returns per sample of its slice.
  ///   - keeper: gets the records of each batch, and has those of an earlier start; nil on all ranks
  ///     if none are kept.
  /// - Throws: ``SurveyError/stopped(state:)`` on all ranks after a batch in which one was asked for
  ///   the end, and errors of the keeper's file.
  public func run<Record: BitwiseCopyable>(
    recordsPerSample: Int = 1, keeper: SurveyKeeper? = nil, _ measure: (Slice) -> [Record]
  ) throws -> [Record] {
    func measured(_ slice: Slice) -> [Record] {
      let found = measure(slice)
      require(
        found.count == slice.count * recordsPerSample,
        "\(found.count) records of \(slice.count) samples")
      return found
    }
    communicator.enter(.measurement)
    if let keeper { return try run(recordsPerSample, keeper, measured) }
    var records: [Record] = []
    try forEach { records += measured($0) }
    return inOrder(communicator.allGather(RecordBytes.bytes(of: records)), recordsPerSample)
  }

  /// Keeps the records batch by batch, so what is kept is always of the first samples.
  private func run<Record: BitwiseCopyable>(
    _ recordsPerSample: Int, _ keeper: SurveyKeeper, _ measure: (Slice) -> [Record]
  ) throws -> [Record] {
    let sweep = "\(name), \(dataset.split.rawValue), \(dataset.count) samples"
    var records = try keeper.records(Record.self, of: sweep)
    let done = records.count / recordsPerSample
    let isWhole = done.isMultiple(of: sampler.granularity) || done == dataset.count
    guard records.count == done * recordsPerSample, done <= dataset.count, isWhole else {
      throw SurveyError.damagedState(path: keeper.path, line: 1)
    }
    guard done < dataset.count else { return records }
    var batch: [Record] = []
    var isComplete = true
    try dropFirst(done).forEach { slice in
      if keeper.isStopRequested { isComplete = false }
      if isComplete { batch += measure(slice) }
    } afterBatch: {
      let all = communicator.allGather([isComplete ? 1 : 0] + RecordBytes.bytes(of: batch))
      if all.allSatisfy({ $0[0] == 1 }) {
        // In a batch, ranks have consecutive samples.
        let found = all.flatMap { RecordBytes.records(Record.self, from: Array($0.dropFirst())) }
        try keeper.keep(found, of: sweep, after: records.count)
        records += found
      }
      batch = []
      try keeper.stopIfRequested()
    }
    return records
  }

  /// Calls `body` for each of this rank's slices.
  ///
  /// Collective; `body` itself makes no collectives.
  /// - Parameter afterBatch: called on all ranks when each has done its part of a batch.
  func forEach(_ body: (Slice) -> Void, afterBatch: () throws -> Void = {}) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    let prefetcher = try Agreement(communicator).perform {
      try Prefetcher(dataset: dataset, sampler: sampler, rank: rank, size: size, epochs: 1)
    }
    defer { prefetcher.stop() }
    let own = (0..<sampler.stepsPerEpoch).reduce(0) {
      $0 + sampler.share(step: $1, rank: rank, size: size).count
    }
    var done = 0
    func advance(_ count: Double) {
      communicator.beat()
      if let observer { observer(progress(Double(done) + count, of: own)) }
    }
    while let batch = prefetcher.next() {
      blocks.forEach(in: batch.count) { range in
        communicator.beat()
        let pixels = range.lowerBound * dataset.pixelsPerImage
        body(
          Slice(
            first: offset + Int(batch.sampleIndices[range.lowerBound]),
            images: UnsafeMutableBufferPointer(
              rebasing: batch.images[pixels..<pixels + range.count * dataset.pixelsPerImage]),
            labels: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: batch.labels[range])),
            onAdvance: { advance($0 * Double(range.count)) }))
        done += range.count
        advance(0)
      }
      try afterBatch()
    }
  }

  /// Progress over all ranks, of whose samples this rank has done `done` out of `own`.
  private func progress(_ done: Double, of own: Int) -> SurveyProgress {
    let total = offset + dataset.count
    let all = Double(offset) + Double(dataset.count) * done / Double(own)
    let stage = "\(name), \(dataset.split.rawValue)"
    return SurveyProgress(
      survey: stage, stage: stage, done: all, total: Double(total),
      count: "\(Int(all)) of \(total) samples")
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
