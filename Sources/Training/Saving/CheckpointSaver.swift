import Checkpoints
import CrashReports
import MessagePassing
import Networks

/// Saves checkpoints of a run while it goes on.
///
/// Training waits for a copy of the model in memory. A thread digests the copy and, on rank 0,
/// writes it under a temporary name. The digests go over the ranks with the counters of the next
/// steps; where all are equal, the checkpoint gets its name. A checkpoint that is due before the one
/// before is complete waits for it.
final class CheckpointSaver {
  /// Whether a run may go on without a checkpoint.
  enum Need { case required, optional }

  /// A checkpoint that is begun, as all ranks know it.
  private struct Pending {
    let step: Int
    let start: ContinuousClock.Instant
    var rootDigest: ReplicaDigest?
    var isAgreed = false
    /// On rank 0, once its end has been noted.
    var isNoted = false
  }

  private let communicator: any Communicator
  private let agreement: Agreement
  private let divergenceCheck: DivergenceCheck
  private let output: RunOutput?
  private let control: RunControl?
  private let observer: (any TrainingObserver)?
  private let mayProceed: Bool
  private let snapshot: ModelSnapshot
  private let thread: CheckpointThread
  private var pending: Pending?
  /// The step of the newest checkpoint that was begun.
  private var savedStep: Int?
  private(set) var times = CheckpointTimes()
  private let clock = ContinuousClock()

  /// Collective; takes the memory of the copy.
  ///
  /// - Throws: ``ArenaError`` or ``ThreadError``, the same on every rank.
  init(
    _ setup: TrainerSetup, divergenceCheck: DivergenceCheck, control: RunControl?,
    observer: (any TrainingObserver)?
  ) throws {
    communicator = setup.communicator
    agreement = Agreement(setup.communicator)
    self.divergenceCheck = divergenceCheck
    output = setup.output
    self.control = control
    self.observer = observer
    mayProceed = setup.recipe.onSaveFailure == .proceed
    savedStep = setup.isSaved ? setup.steps : nil
    (snapshot, thread) = try agreement.perform {
      let snapshot = try ModelSnapshot(of: setup.model)
      return (
        snapshot,
        try CheckpointThread(
          snapshot, writer: setup.output?.checkpoints,
          metadata: [ModelFile.recipeKey: try setup.recipe.json()])
      )
    }
  }

  deinit { thread.stop() }

  var memoryBytes: Int { snapshot.memoryBytes }
  var hasSaved: Bool { savedStep != nil }

  /// Begins the checkpoint of `state`, and waits for its end if the run may not go on without it.
  ///
  /// Collective.
  /// - Throws: ``TrainingError/replicasDiffer(tensor:rank:step:)``, and the errors of files, the same
  ///   on every rank.
  func save(_ state: TrainingState, _ need: Need) throws {
    RankLog.debug("checkpoint of step \(state.step)")
    let start = clock.now
    if savedStep != state.step {
      try finish(.optional)
      let waited = clock.now
      // An error must not end rank 0 alone: it is that of the checkpoint.
      let flushed = Result { try output?.metrics.flush() }
      snapshot.take()
      control?.beganToSave()
      thread.begin(state, isAgreed: communicator.size == 1 ? true : nil)
      pending = Pending(step: state.step, start: waited, isAgreed: communicator.size == 1)
      savedStep = state.step
      times.add(copy: clock.now - waited)
      try agreement.performOnRoot { try flushed.get() }
    }
    if need == .required { try finish(.required) }
    times.add(wait: clock.now - start)
  }

  /// What this rank says in the next step.
  var ballot: ReplicaBallot {
    guard let pending, !pending.isAgreed, let own = thread.digestSoFar else {
      return ReplicaBallot()
    }
    let isEqual = pending.rootDigest.map { own.matches($0) }
    return ReplicaBallot(
      rootDigest: communicator.rank == 0 ? own.pieces : ReplicaBallot.Pieces(),
      equal: isEqual == true ? 1 : 0, unequal: isEqual == false ? 1 : 0)
  }

  /// Takes note of what all ranks have said in step `step`.
  ///
  /// Collective where a copy differs.
  func count(_ sum: ReplicaBallot, step: Int) throws {
    guard let pending, !pending.isAgreed else { return }
    if pending.rootDigest == nil { self.pending?.rootDigest = ReplicaDigest(sum.rootDigest) }
    guard Int(sum.equal + sum.unequal) == communicator.size else { return }
    if sum.unequal > 0 { try compareDigests(of: pending, step: step) }
    self.pending?.isAgreed = true
    thread.decide(isAgreed: true)
  }

  /// On rank 0: notes the end of the checkpoint, if it has come.
  ///
  /// - Throws: the reason why the run must end.
  func noteEnd() throws {
    guard let pending, !pending.isNoted, let outcome = thread.outcomeSoFar else { return }
    try note(outcome, of: pending, .optional)
  }

  /// Waits until the checkpoint that was begun last is complete.
  ///
  /// Collective. An optional one that cannot be written is noted, and tried again later, where the
  /// recipe allows it; older ones are kept.
  func finish(_ need: Need) throws {
    guard let pending else { return }
    communicator.programPoint = ProgramPoint(step: pending.step, .checkpoint)
    if !pending.isAgreed {
      try compareDigests(of: pending, step: pending.step)
      self.pending?.isAgreed = true
      thread.decide(isAgreed: true)
    }
    defer { self.pending = nil }
    try agreement.performOnRoot {
      guard !pending.isNoted else { return }
      try note(thread.waitForOutcome(), of: pending, need)
    }
  }

  /// Compares all ranks' digests with rank 0's; where one differs, the checkpoint is given up.
  ///
  /// Collective.
  private func compareDigests(of pending: Pending, step: Int) throws {
    let own = thread.waitForDigest()
    let digests = communicator.allGather(
      withUnsafeBytes(of: (own.shared == nil ? 0 : 1, own.shared ?? 0, own.statistics)) {
        Array($0)
      }
    ).map { bytes in
      bytes.withUnsafeBytes { bytes in
        ReplicaDigest(
          shared: bytes.loadUnaligned(as: Int.self) == 0
            ? nil : bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
          statistics: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
      }
    }
    guard let rank = digests.indices.first(where: { !digests[$0].matches(digests[0]) }) else {
      return
    }
    thread.decide(isAgreed: false)
    self.pending = nil
    savedStep = nil
    _ = communicator.rank == 0 ? thread.waitForOutcome() : .success(())
    // Names the tensor, unless only the copy differs.
    try divergenceCheck.run(step: step)
    throw TrainingError.replicasDiffer(
      tensor: "the copy for a checkpoint", rank: rank, step: pending.step)
  }

  /// On rank 0.
  private func note(
    _ outcome: CheckpointThread.Outcome, of pending: Pending, _ need: Need
  ) throws {
    self.pending?.isNoted = true
    do {
      try outcome.get()
      times.add(save: clock.now - pending.start)
      try control?.saved()
    } catch let error as CheckpointError {
      guard case .save = error, need == .optional, mayProceed else { throw error }
      control?.failedToSave()
      observer?.note("step \(pending.step): no checkpoint, \(error); older ones are kept")
    }
  }
}
