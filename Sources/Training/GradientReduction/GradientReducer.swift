import Failures
import MessagePassing
import Networks

/// Reduces gradients over ranks in buckets: slices of the flat gradient in backward order.
///
/// A bucket's allreduce is made, or started, as soon as the block that completes it has written, so
/// packing is never needed. The last bucket carries the counters. The number of collectives of a
/// step is fixed by the plan and the same on every rank. The communicator is a duplicate: buckets
/// never wait behind batch-norm collectives.
public final class GradientReducer {
  private let model: Model
  private let communicator: TimedCommunicator
  private var strategy: GradientPlan.Strategy
  /// `bucketEndingAt[k]`: the floats that are complete once block k of the chain has written; empty
  /// for most blocks.
  private var bucketEndingAt: [Range<Int>]
  /// The last bucket, which no block completes: the rest of the gradients, and the counters.
  private var tail: Range<Int>

  public init(
    _ model: Model, communicator: any Communicator, bucketBytes: Int,
    strategy: GradientPlan.Strategy = .blocking
  ) {
    self.model = model
    self.communicator = TimedCommunicator(communicator.duplicate())
    self.strategy = strategy
    bucketEndingAt = GradientReducer.buckets(of: model, bytes: bucketBytes)
    tail = GradientReducer.tail(of: model, after: bucketEndingAt)
  }

  /// Follows `plan` from the next step on.
  ///
  /// Every rank, between the same steps.
  public func use(_ plan: GradientPlan) {
    strategy = plan.strategy
    bucketEndingAt = GradientReducer.buckets(of: model, bytes: plan.bucketBytes)
    tail = GradientReducer.tail(of: model, after: bucketEndingAt)
  }

  /// Collectives of one step, the final one included.
  public var bucketCount: Int { bucketEndingAt.count { !$0.isEmpty } + 1 }

  /// Collectives of one step by another plan.
  public func bucketCount(by plan: GradientPlan) -> Int {
    GradientReducer.buckets(of: model, bytes: plan.bucketBytes).count { !$0.isEmpty } + 1
  }

  /// Time that this rank has spent in the collectives of all steps so far.
  ///
  /// Communication that is hidden behind computing does not count.
  public var timeSpent: Duration { communicator.spent }

  /// Told of the collectives of gradients, if set.
  package var recorder: (any CollectiveRecorder)? {
    get { communicator.recorder }
    set { communicator.recorder = newValue }
  }

  /// Reduces, or starts to reduce, the bucket that block `block` of the chain completes, if it
  /// completes one.
  ///
  /// Collective where it does: every rank, same order.
  public func blockFinished(_ block: Int) {
    switch strategy {
    case .blocking:
      if !bucketEndingAt[block].isEmpty { allreduce(bucketEndingAt[block]) }
    case .nonblocking:
      if !bucketEndingAt[block].isEmpty { start(bucketEndingAt[block]) }
      communicator.progress()
    }
  }

  /// Lets started allreduces proceed, within a layer that takes long.
  ///
  /// Not collective.
  public func progress() {
    if strategy == .nonblocking { communicator.progress() }
  }

  /// Reduces the last bucket and waits for all that have been started.
  public func finish() {
    switch strategy {
    case .blocking:
      allreduce(tail)
    case .nonblocking:
      start(tail)
      communicator.waitForAllreduces()
    }
    model.readExactSums()
  }

  private func allreduce(_ range: Range<Int>) {
    let place = communicator.programPoint
    communicator.enter(.gradientBucket(of: bucketCount))
    defer { communicator.programPoint = place }
    if model.exactSums == nil { return communicator.allreduce(floats(range)) }
    communicator.allreduce(integers(range))
  }

  private func start(_ range: Range<Int>) {
    let place = communicator.programPoint
    communicator.enter(.gradientBucket(of: bucketCount))
    defer { communicator.programPoint = place }
    if model.exactSums == nil { return communicator.startAllreduce(floats(range)) }
    communicator.startAllreduce(integers(range))
  }

  private func floats(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: model.reduceBuffer.buffer[range])
  }

  /// The exact sums of the floats in `range`, in the reproducible order.
  private func integers(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Int64> {
    guard let exact = model.exactSums else { unreachable("no exact sums in the fastest order") }
    return range.upperBound == model.reduceBuffer.count
      ? exact.bufferWithCount(from: range.lowerBound) : exact.buffer(range)
  }

  /// Bytes that a rank hands to the collectives of one step.
  public var bytesPerStep: Int {
    model.exactSums == nil
      ? model.reduceBuffer.count * MemoryLayout<Float>.stride
      : (2 * model.reduceBuffer.count + 1) * MemoryLayout<Int64>.stride
  }

  /// Buckets of at least `bytes`, by the blocks that complete them.
  private static func buckets(of model: Model, bytes: Int) -> [Range<Int>] {
    let readyCount = model.readyCounts
    let bucketFloats = max(1, bytes / MemoryLayout<Float>.stride)
    var buckets = [Range<Int>](repeating: 0..<0, count: readyCount.count)
    var start = 0
    for block in readyCount.indices.reversed() where readyCount[block] - start >= bucketFloats {
      buckets[block] = start..<readyCount[block]
      start = readyCount[block]
    }
    return buckets
  }

  private static func tail(of model: Model, after buckets: [Range<Int>]) -> Range<Int> {
    (buckets.map(\.upperBound).max() ?? 0)..<model.reduceBuffer.count
  }
}

extension GradientReducer {
  /// One collective of a step.
  public struct Bucket: Sendable, Equatable {
    /// The layer that completes the bucket; nil for the last one, which waits for the whole sweep.
    public let layer: Int?
    /// Bytes that a rank hands to the collective.
    public let bytes: Int

    public init(layer: Int?, bytes: Int) {
      self.layer = layer
      self.bytes = bytes
    }
  }

  /// The collectives of one step, in their order.
  public var buckets: [Bucket] {
    let bytesPerFloat =
      model.exactSums == nil ? MemoryLayout<Float>.stride : 2 * MemoryLayout<Int64>.stride
    let complete = bucketEndingAt.indices.reversed().filter { !bucketEndingAt[$0].isEmpty }.map {
      Bucket(layer: $0, bytes: bucketEndingAt[$0].count * bytesPerFloat)
    }
    return complete + [
      Bucket(layer: nil, bytes: bytesPerStep - complete.reduce(0) { $0 + $1.bytes })
    ]
  }
}
