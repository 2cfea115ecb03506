import ArgumentParser
import Benchmarks
import Checkpoints
import Failures
import Foundation
import Kernels
import Logging
import MessagePassing

/// This process among its ranks: how it joins them, speaks and leaves.
enum Ranks {
  /// What was found about OpenBLAS before anything else.
  nonisolated(unsafe) static var blas = BLASCoreType.Outcome.fine(core: BLASCoreType.current)
  nonisolated(unsafe) private static var world: MPICommunicator?
  nonisolated(unsafe) private static var watched: Watched?

  /// The ledger of this rank's collectives, and who reads it.
  private struct Watched {
    let communicator: LedgeredCommunicator
    /// What it records.
    let base: any Communicator
    let watchdog: Watchdog
  }

  /// The MPI library; after `join`.
  static var messagePassing: String { world?.library ?? "" }

  /// Starts MPI and checks that it sees the ranks that the launcher started; then the watchdog.
  ///
  /// Ranks of a machine add in memory that they share, if they are to and can.
  static func join(_ watch: WatchOptions, sharesMemory: Bool) throws -> any Communicator {
    let world = try MPICommunicator.initialize()
    do {
      try LaunchEnvironment.check(
        environment: ProcessInfo.processInfo.environment, size: world.size)
    } catch {
      // Every process is MPI's rank 0 then; the launcher's numbers say which one speaks.
      world.finalize()
      throw error
    }
    self.world = world
    let base: any Communicator =
      (sharesMemory ? SharedMemoryCommunicator(over: world) : nil) ?? world
    guard let settings = watch.settings else { return base }
    let communicator = LedgeredCommunicator(base, ledger: CollectiveLedger())
    let watchdog = Watchdog(communicator.ledger, communicator, settings)
    watched = Watched(communicator: communicator, base: base, watchdog: watchdog)
    MPICommunicator.beforeAborting { watchdog.awaitDiagnosis() }
    return communicator
  }

  /// Where the watchdog leaves the ranks' ledgers from now on.
  static func watch(run: String) {
    watched?.watchdog.use(directory: RunFile.watch.path(in: run))
  }

  /// What turns this rank's ledger and watchdog off and on; none where the watchdog is off.
  static func makeDiagnosisSwitch() -> DiagnosisSwitch? {
    watched.map {
      DiagnosisSwitch(ledgered: $0.communicator, plain: $0.base, watchdog: $0.watchdog)
    }
  }

  /// Ends this rank's part in MPI, together with all others.
  private static func finalize() {
    guard let watched else {
      world?.finalize()
      return
    }
    watched.communicator.programPoint = ProgramPoint(.ending)
    watched.communicator.ledger.record(.finalize) { world?.finalize() }
    watched.watchdog.stop()
  }

  /// Runs `body` on `threads` threads of this process, each a rank among those of all processes.
  ///
  /// Collective; the processes may have different numbers of threads. `world` itself is not to be used
  /// within `body`.
  static func onThreads(
    _ threads: Int, of world: any Communicator,
    _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws {
    let team = try Agreement(world).perform { try ThreadTeam(size: threads) }
    try team.run(
      over: world,
      abandon: { error, rank in
        say("lcnn-dist: rank \(rank): \(error)")
        world.abort(code: ExitStatus(error).rawValue)
      },
      { communicator in
        flushDenormalsOnThisThread()
        try body(communicator)
      })
  }

  /// Makes ranks round alike: each computes the same weights from the same gradients for itself.
  ///
  /// The program's own kernels use what all CPUs have; ranks whose OpenBLAS has made another choice are
  /// refused. Collective, and before the first kernel runs.
  static func agreeOnKernels(_ vectorUnits: VectorUnitOptions) throws {
    let communicator: (any Communicator)? = watched?.communicator ?? world
    guard let communicator else { return }
    try Agreement(communicator).requireSame([
      ("OpenBLAS's kernels, chosen by \(BLASCoreType.coreTypeVariable)", BLASCoreType.current)
    ])
    if let note = try vectorUnits.agree(over: communicator) { logger.info("\(note)") }
  }

  /// Whether this rank is the one that speaks; before MPI has started, as the launcher says.
  static var speaks: Bool {
    if let world { return world.rank == 0 }
    let environment = ProcessInfo.processInfo.environment
    return ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"]
      .compactMap { environment[$0] }.allSatisfy { $0 == "0" }
  }

  /// Rank 0's log on standard error; silent elsewhere.
  static var logger: Logger {
    speaks
      ? Logger(label: "lcnn-dist") { StreamLogHandler.standardError(label: $0) }
      : Logger(label: "lcnn-dist") { _ in SwiftLogNoOpLogHandler() }
  }

  static func leave(_ status: ExitStatus) -> Never {
    finalize()
    exit(status.rawValue)
  }

  /// One line on rank 0, the same code on all ranks.
  ///
  /// Errors of the command line, and requests for help, are the parser's to word.
  static func leave(after error: any Error) -> Never {
    let isOurs = isWordedHere(error)
    let status = isOurs ? ExitStatus(error).rawValue : LCNNDist.exitCode(for: error).rawValue
    if status == ExitStatus.success.rawValue {
      // A request for help, which every rank answers alike.
      if speaks { LCNNDist.exit(withError: error) }
      exit(status)
    }
    let message = isOurs ? "lcnn-dist: \(error)" : LCNNDist.fullMessage(for: error)
    if speaks { say(message) }
    if let world {
      if !speaks { speakIfAlone("lcnn-dist: rank \(world.rank): \(error)") }
      // The end of MPI is collective, so rank 0 has spoken when any rank goes on.
      finalize()
    } else if !speaks {
      // At the first failure mpirun ends all ranks, so that of rank 0, which has spoken, ends this wait.
      sleep(longestWaitForSpeaker)
    }
    exit(status)
  }

  private static func say(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
  }

  /// Says what ends this rank if the others do not end as well: then rank 0 has not said it.
  private static func speakIfAlone(_ message: String) {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: waitForOthers)
      say(message)
    }
  }

  /// Seconds; ranks that end together do so within a fraction of one.
  private static let waitForOthers: TimeInterval = 0.5

  /// Seconds; ranks of one job start within a fraction of one.
  private static let longestWaitForSpeaker: UInt32 = 3

  private static func isWordedHere(_ error: any Error) -> Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") == false
  }
}
