import Checkpoints
import Foundation
import Networks
import Threading

/// The thread of a rank that digests copies of the model and, on rank 0, writes them to the disk.
///
/// It has one checkpoint at a time. `condition` guards all that both threads touch.
final class CheckpointThread: @unchecked Sendable {
  typealias Outcome = Result<Void, any Error>

  /// The thread in messages.
  static let name = "the thread that writes checkpoints"

  private let snapshot: ModelSnapshot
  /// On rank 0, with the files' contents, which lie in the snapshot.
  private let writer: CheckpointWriter?
  private let model: SafetensorsStream
  private let optimizer: SafetensorsStream
  private let condition = NSCondition()
  /// The checkpoint that is to be digested and written.
  private var state: TrainingState?
  private var digest: ReplicaDigest?
  /// Whether the copies of all ranks are equal, once it is known.
  private var isAgreed: Bool?
  private var outcome: Outcome?
  private var isStopped = false
  private var thread: WorkerThread?

  init(
    _ snapshot: ModelSnapshot, writer: CheckpointWriter?, metadata: [String: String]
  ) throws(ThreadError) {
    self.snapshot = snapshot
    self.writer = writer
    model = SafetensorsStream(writer == nil ? [] : snapshot.stateTensors, metadata: metadata)
    optimizer = SafetensorsStream(writer == nil ? [] : snapshot.momentumTensors)
    thread = try WorkerThread(Self.name) { [unowned self] in work() }
  }

  // MARK: The training thread

  /// Begins the checkpoint of the copy that was just taken; the one before has its outcome.
  ///
  /// - Parameter isAgreed: true where there is no other rank.
  func begin(_ state: TrainingState, isAgreed: Bool?) {
    changed {
      digest = nil
      outcome = nil
      self.isAgreed = isAgreed
      self.state = state
    }
  }

  /// Says whether the copies of all ranks are equal.
  func decide(isAgreed: Bool) { changed { self.isAgreed = isAgreed } }

  /// The digest of the copy, once it is made.
  var digestSoFar: ReplicaDigest? { read { digest } }

  /// The end of the checkpoint, once it has come.
  var outcomeSoFar: Outcome? { read { outcome } }

  func waitForDigest() -> ReplicaDigest { waited { digest } }

  func waitForOutcome() -> Outcome { waited { outcome } }

  /// Ends the thread; a checkpoint on which no agreement came is given up.
  func stop() {
    changed { isStopped = true }
    thread?.join()
    thread = nil
  }

  // MARK: The thread itself

  private func work() {
    while let state = nextState() {
      let digest = snapshot.digest
      changed { self.digest = digest }
      let outcome = Outcome {
        try writer?.write(state, model: model, optimizer: optimizer) {
          waited { isStopped ? isAgreed ?? false : isAgreed }
        }
      }
      changed { self.outcome = outcome }
    }
  }

  /// Nil once stopped.
  private func nextState() -> TrainingState? {
    waited {
      if isStopped { return .some(nil) }
      guard let next = state else { return nil }
      state = nil
      return .some(next)
    }
  }

  private func changed(_ body: () -> Void) {
    condition.lock()
    body()
    condition.broadcast()
    condition.unlock()
  }

  private func read<Value>(_ body: () -> Value) -> Value {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }

  private func waited<Value>(_ body: () -> Value?) -> Value {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let value = body() { return value }
      condition.wait()
    }
  }
}
