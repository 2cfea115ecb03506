/// How far the reading of a split is, in bytes.
public struct LoadingProgress: Sendable, Equatable {
  public enum Stage: String, Sendable {
    case reading, expanding, making, checking
  }

  public let stage: Stage
  public let split: Dataset.Split
  /// Bytes that are done, and all bytes of the stage.
  public let done: Int
  public let total: Int
}

/// Told of progress every few milliseconds; must return at once, and make no collectives.
public typealias LoadingObserver = (LoadingProgress) -> Void

/// Tells an observer how far the reading of a split is.
struct LoadingMeter {
  let split: Dataset.Split
  let observer: LoadingObserver?

  func tell(_ stage: LoadingProgress.Stage, _ done: Int, of total: Int) {
    observer?(LoadingProgress(stage: stage, split: split, done: done, total: total))
  }
}
