/// The times of a run's checkpoints since this start, on rank 0.
public struct CheckpointTimes: Sendable, Equatable {
  /// Number of checkpoints that are complete.
  public private(set) var count = 0
  /// Seconds that training has waited for checkpoints, and the longest time for one.
  public private(set) var waited = 0.0
  public private(set) var longestCopy = 0.0
  /// Seconds from the copy to the checkpoint's name on the disk, at most.
  public private(set) var longestSave = 0.0

  mutating func add(copy: Duration) { longestCopy = max(longestCopy, copy / .seconds(1)) }

  mutating func add(wait: Duration) { waited += wait / .seconds(1) }

  mutating func add(save: Duration) {
    count += 1
    longestSave = max(longestSave, save / .seconds(1))
  }
}
