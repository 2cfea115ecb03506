import Failures
import MessagePassing
import Networks

/// Sums gradients over ranks in buckets: slices of the flat gradient in backward order.
///
/// A bucket's sum is made, or started, as soon as the layer that completes it has written, so packing is
/// never needed. The last one carries the counters. How many collectives a step makes is fixed by the plan
/// and the same on every rank. The communicator is a duplicate: buckets never wait behind batch-norm
/// collectives.
public final class GradientReducer {
  private let model: Model
  private let communicator: TimedCommunicator
  private var strategy: GradientPlan.Strategy
  /// `closes[k]`: the floats whose sum starts when layer k has written; empty for most layers.
  private var closes: [Range<Int>]
  /// What no layer completes: the rest of the gradients, and the counters.
  private var last: Range<Int>

  public init(
    _ model: Model, communicator: any Communicator, bucketBytes: Int,
    strategy: GradientPlan.Strategy = .blocking
  ) {
    self.model = model
    self.communicator = TimedCommunicator(communicator.duplicate())
    self.strategy = strategy
    closes = GradientReducer.buckets(of: model, bytes: bucketBytes)
    last = GradientReducer.rest(of: model, after: closes)
  }

  /// From the next step on, sums by `plan`.
  ///
  /// Every rank, between the same steps.
  public func use(_ plan: GradientPlan) {
    strategy = plan.strategy
    closes = GradientReducer.buckets(of: model, bytes: plan.bucketBytes)
    last = GradientReducer.rest(of: model, after: closes)
  }

  /// Collectives of one step, the final one included.
  public var bucketCount: Int { closes.count { !$0.isEmpty } + 1 }

  /// Collectives that `plan` would make in one step.
  public func bucketCount(by plan: GradientPlan) -> Int {
    GradientReducer.buckets(of: model, bytes: plan.bucketBytes).count { !$0.isEmpty } + 1
  }

  /// Time that this rank has spent in the collectives of all steps so far.
  ///
  /// Communication that is hidden behind computing is not in it.
  public var timeSpent: Duration { communicator.spent }

  /// Sums the bucket that layer `layer` completes, or starts its sum, if it does.
  ///
  /// Collective where it does: every rank, same order.
  public func layerFinished(_ layer: Int) {
    switch strategy {
    case .blocking:
      if !closes[layer].isEmpty { sum(closes[layer]) }
    case .nonblocking:
      if !closes[layer].isEmpty { start(closes[layer]) }
      communicator.progress()
    }
  }

  /// Lets sums that have been started proceed, within a layer that takes long.
  ///
  /// Not collective.
  public func advance() {
    if strategy == .nonblocking { communicator.progress() }
  }

  /// Sums the rest of the gradients and the counters behind them, and waits for what has been started.
  public func finish() {
    switch strategy {
    case .blocking:
      sum(last)
    case .nonblocking:
      start(last)
      communicator.waitForAllreduces()
    }
    model.readExactSums()
  }

  private func sum(_ range: Range<Int>) {
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

  /// The same sums as integers, in the reproducible order.
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

  /// Buckets of at least `bytes`, by the layers that complete them.
  private static func buckets(of model: Model, bytes: Int) -> [Range<Int>] {
    let finished = model.readyCounts
    let bucketFloats = max(1, bytes / MemoryLayout<Float>.stride)
    var closes = [Range<Int>](repeating: 0..<0, count: finished.count)
    var start = 0
    for layer in finished.indices.reversed() where finished[layer] - start >= bucketFloats {
      closes[layer] = start..<finished[layer]
      start = finished[layer]
    }
    return closes
  }

  /// What is left over goes with the counters.
  private static func rest(of model: Model, after closes: [Range<Int>]) -> Range<Int> {
    (closes.map(\.upperBound).max() ?? 0)..<model.reduceBuffer.count
  }
}

extension GradientReducer {
  /// One collective of a step.
  public struct Bucket: Sendable, Equatable {
    /// The layer that completes it; nil for the last one, which waits for the whole sweep.
    public let layer: Int?
    /// What a rank hands to the collective.
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
    let complete = closes.indices.reversed().filter { !closes[$0].isEmpty }.map {
      Bucket(layer: $0, bytes: closes[$0].count * bytesPerFloat)
    }
    return complete + [
      Bucket(layer: nil, bytes: bytesPerStep - complete.reduce(0) { $0 + $1.bytes })
    ]
  }
}
