import MessagePassing
import Networks

/// Sums gradients over ranks in buckets: slices of the flat gradient in backward order.
///
/// A bucket is summed as soon as the layer that completes it has written, so packing is never needed. The
/// last one carries the counters. How many collectives a step makes is fixed by the plan and the same
/// on every rank. The communicator is a duplicate: buckets never wait behind batch-norm collectives.
public final class GradientReducer {
  private let model: Model
  private let communicator: any Communicator
  /// `closes[k]`: the floats whose sum starts when layer k has written; empty for most layers.
  private let closes: [Range<Int>]
  /// What no layer completes: the rest of the gradients, and the counters.
  private let last: Range<Int>

  public init(_ model: Model, communicator: any Communicator, bucketBytes: Int) {
    self.model = model
    self.communicator = communicator.duplicate()
    closes = GradientReducer.plan(
      finished: model.finished, bucketFloats: max(1, bucketBytes / MemoryLayout<Float>.stride))
    last = (closes.map(\.upperBound).max() ?? 0)..<model.summed.count
  }

  /// Collectives of one step, the final one included.
  public var bucketCount: Int { closes.count { !$0.isEmpty } + 1 }

  /// Sums the bucket that layer `layer` completes, if it does.
  ///
  /// Collective where it does: every rank, same order.
  public func layerFinished(_ layer: Int) {
    guard !closes[layer].isEmpty else { return }
    sum(closes[layer])
  }

  /// Sums the rest of the gradients and the counters behind them.
  public func finish() {
    sum(last)
    model.readExactSums()
  }

  private func sum(_ range: Range<Int>) {
    let place = communicator.place
    communicator.enter(.gradientBucket(of: bucketCount))
    defer { communicator.place = place }
    guard let exact = model.exactSums else {
      return communicator.sum(UnsafeMutableBufferPointer(rebasing: model.summed.buffer[range]))
    }
    communicator.sum(
      range.upperBound == model.summed.count
        ? exact.bufferWithCount(from: range.lowerBound) : exact.buffer(range))
  }

  /// Bytes that a rank hands to the collectives of one step.
  public var bytesPerStep: Int {
    model.exactSums == nil
      ? model.summed.count * MemoryLayout<Float>.stride
      : (2 * model.summed.count + 1) * MemoryLayout<Int64>.stride
  }

  /// Buckets of at least `bucketFloats`; what is left over goes with the counters.
  private static func plan(finished: [Int], bucketFloats: Int) -> [Range<Int>] {
    var closes = [Range<Int>](repeating: 0..<0, count: finished.count)
    var start = 0
    for layer in finished.indices.reversed() where finished[layer] - start >= bucketFloats {
      closes[layer] = start..<finished[layer]
      start = finished[layer]
    }
    return closes
  }
}
