import Checkpoints
import Files

#if canImport(Glibc)
  import Glibc
#endif

/// Requests for a checkpoint or for the end, which rank 0 collects between two steps.
///
/// A signal, the files `STOP` and `SAVE` in the run's directory, the end of the job's time, and the
/// time since the last checkpoint.
package final class RunControl {
  private let directory: RunDirectory
  private let clock = ContinuousClock()
  /// When the job ends, by the monotonic clock: a wall clock may be set back.
  private let end: ContinuousClock.Instant?
  private let interval: Duration?
  private var lastLook: ContinuousClock.Instant
  private var lastSave: ContinuousClock.Instant
  private var saveTime: Duration = .zero
  /// No checkpoint is asked for before this: one is being written, or could not be.
  private var nextSave: ContinuousClock.Instant?
  /// Whether the last checkpoint could not be written.
  private var mustRetry = false
  private let retryAfter: Duration
  /// Why the run was asked to end.
  package private(set) var reason = TrainingError.StopReason.signal

  /// Slurm's variable for the end of a job, in seconds since 1970.
  static let endVariable = "SLURM_JOB_END_TIME"
  /// A century, in seconds.
  private static let longestJob = 100 * 366 * 86_400
  /// Files are looked for so often; a shared disk answers slowly.
  private static let lookEvery = Duration.seconds(1)
  /// Time for the end of the step, the launcher and a disk that is slower than before.
  private static let margin = Duration.seconds(30)

  /// - Parameters:
  ///   - minutes: longest time between checkpoints; nil for no limit.
  ///   - retryAfter: time after which a failed save is tried again, whatever the intervals are.
  package init(
    _ directory: RunDirectory, environment: [String: String], minutes: Double?,
    retryAfter: Duration = .seconds(30)
  ) {
    self.directory = directory
    self.retryAfter = retryAfter
    let now = clock.now
    let remaining = environment[Self.endVariable].flatMap { Int($0) }.map {
      $0 - Int(Glibc.time(nil))
    }
    // An end that is past is that of another job, whose environment this process has.
    end = remaining.flatMap { (1...Self.longestJob).contains($0) ? now + .seconds($0) : nil }
    interval = minutes.map { .seconds(60 * $0) }
    lastLook = now - Self.lookEvery
    lastSave = now
  }

  /// Removes requests from before this start, and returns a line about each.
  func removeOldRequests() throws -> [String] {
    try [RunFile.stop, .save].filter { FileSystem.exists(directory.path(of: $0)) }.map {
      try FileSystem.removeFile(directory.path(of: $0))
      return "\(directory.path(of: $0)) is from before this start: removed"
    }
  }

  /// Request that the next step shall carry.
  package func request() -> TrainingStep.Request {
    if StopSignal.isReceived {
      reason = .signal
      return .stop
    }
    let now = clock.now
    if let end, now + saveTime * 2 + Self.margin >= end {
      reason = .jobTime
      return .stop
    }
    let maySave = nextSave.map { now >= $0 } ?? true
    if maySave, mustRetry || interval.map({ now - lastSave >= $0 }) ?? false { return .save }
    guard now - lastLook >= Self.lookEvery else { return .none }
    lastLook = now
    if FileSystem.exists(directory.path(of: .stop)) {
      reason = .file(directory.path(of: .stop))
      return .stop
    }
    return maySave && FileSystem.exists(directory.path(of: .save)) ? .save : .none
  }

  /// Notes that a checkpoint is begun.
  package func beganToSave() {
    mustRetry = false
    lastSave = clock.now
    nextSave = lastSave + .seconds(Self.longestJob)
  }

  /// Notes that the checkpoint is complete, and removes the file that asked for it.
  package func saved() throws {
    saveTime = clock.now - lastSave
    nextSave = nil
    try remove(.save)
  }

  /// Notes that the checkpoint could not be written; another one is asked for later.
  package func failedToSave() {
    mustRetry = true
    nextSave = clock.now + retryAfter
  }

  /// Removes the file that asked for the end.
  func stopped() throws { try remove(.stop) }

  private func remove(_ file: RunFile) throws {
    let path = directory.path(of: file)
    if FileSystem.exists(path) { try FileSystem.removeFile(path) }
  }
}
