import Failures

/// Position of a run: the epoch and its next step, both counted from 0.
public struct BatchPosition: Sendable, Equatable {
  public let epoch: Int
  /// Next step; equals the number of steps in an epoch when the epoch is over.
  public let step: Int

  /// Position of a run that has not started.
  public static let start = BatchPosition(epoch: 0, step: 0)

  public init(epoch: Int, step: Int) {
    require(epoch >= 0 && step >= 0, "epoch \(epoch), step \(step)")
    self.epoch = epoch
    self.step = step
  }
}
