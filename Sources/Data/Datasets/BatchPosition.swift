import Failures

/// Where a run is: the step about to be made in an epoch, both counted from 0.
public struct BatchPosition: Sendable, Equatable {
  public let epoch: Int
  /// May equal the steps of an epoch, which then is over.
  public let step: Int

  /// The beginning of a run.
  public static let start = BatchPosition(epoch: 0, step: 0)

  public init(epoch: Int, step: Int) {
    require(epoch >= 0 && step >= 0, "epoch \(epoch), step \(step)")
    self.epoch = epoch
    self.step = step
  }
}
