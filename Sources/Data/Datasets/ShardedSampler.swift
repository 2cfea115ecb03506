import Failures

/// Cuts an epoch into global batches, and each global batch into one contiguous share per rank.
///
/// The batches depend only on the order, the epoch and the batch size. The number of ranks only
/// determines where a batch is cut. The last batch of an epoch may be smaller, and a share may be
/// empty.
public struct ShardedSampler: Sendable, Equatable {
  /// Number of samples in the data set.
  public let count: Int
  /// Number of samples in a step, over all ranks.
  public let globalBatch: Int
  public let order: SampleOrder
  /// Number of samples in the units that ranks share: 1, or the slice size of reproducible runs.
  public let granularity: Int

  public init(count: Int, globalBatch: Int, order: SampleOrder, granularity: Int = 1) {
    require((1...Int(Int32.max)).contains(count), "an epoch of \(count) samples")
    require(globalBatch > 0, "a global batch of \(globalBatch) samples")
    require(granularity > 0, "shares in units of \(granularity) samples")
    self.count = count
    self.globalBatch = globalBatch
    self.order = order
    self.granularity = granularity
  }

  /// Number of steps in an epoch, ⌈count / globalBatch⌉.
  public var stepsPerEpoch: Int { (count + globalBatch - 1) / globalBatch }

  /// Positions in the epoch's order of the global batch of `step`.
  public func positions(step: Int) -> Range<Int> {
    require((0..<stepsPerEpoch).contains(step), "step \(step) of \(stepsPerEpoch)")
    let start = step * globalBatch
    return start..<min(start + globalBatch, count)
  }

  /// Positions in the epoch's order of the samples of rank `rank` of `size` at `step`.
  public func share(step: Int, rank: Int, size: Int) -> Range<Int> {
    let batch = positions(step: step)
    let share = Self.share(of: batch.count, rank: rank, size: size, granularity: granularity)
    return batch.lowerBound + share.lowerBound..<batch.lowerBound + share.upperBound
  }

  /// Sample indices of the global batch of `step`, in the order in which ranks share them.
  public func globalBatch(step: Int, epoch: Int) -> [Int32] {
    Array(order.indices(count: count, epoch: epoch)[positions(step: step)])
  }

  /// Largest number of samples that a rank has in any step.
  public func largestShare(size: Int) -> Int {
    Self.share(of: min(globalBatch, count), rank: 0, size: size, granularity: granularity).count
  }

  /// Contiguous part of 0 ..< count that belongs to rank `rank` of `size`.
  ///
  /// Each rank gets the same number of the ⌈count / granularity⌉ units, and the first (units mod
  /// size) ranks get one more.
  public static func share(of count: Int, rank: Int, size: Int, granularity: Int = 1) -> Range<Int>
  {
    require((0..<size).contains(rank), "rank \(rank) of \(size)")
    let units = (count + granularity - 1) / granularity
    let (each, extra) = units.quotientAndRemainder(dividingBy: size)
    let first = rank * each + min(rank, extra)
    let last = first + each + (rank < extra ? 1 : 0)
    return min(first * granularity, count)..<min(last * granularity, count)
  }
}
