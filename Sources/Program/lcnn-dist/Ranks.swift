import ArgumentParser
import Benchmarks
import Checkpoints
import CrashReports
import Doctor
import Failures
import Foundation
import Kernels
import Logging
import MessagePassing
import Reporting

/// This process as a rank of its job: joining the other ranks, logging and exiting.
enum Ranks {
  /// Outcome of the check of OpenBLAS's kernels, which runs before anything else.
  nonisolated(unsafe) static var blas = BLASCoreType.Outcome.fine(core: BLASCoreType.current)
  /// How this command reports to its user.
  nonisolated(unsafe) static var output = ConsoleOptions()
  nonisolated(unsafe) private static var world: MPICommunicator?
  nonisolated(unsafe) private static var watched: Watched?

  /// Ledger of this rank's collectives, and the watchdog that reads it.
  private struct Watched {
    let communicator: LedgeredCommunicator
    /// The communicator whose collectives are recorded.
    let base: any Communicator
    let watchdog: Watchdog
  }

  /// Name of the MPI library; empty before `join`.
  static var messagePassing: String { world?.library ?? "" }

  /// Starts MPI, checks that it sees the ranks that the launcher started, and starts the watchdog.
  ///
  /// Ranks of a node reduce in shared memory if `sharesMemory` is true and the system allows it.
  static func join(
    _ watch: WatchOptions, _ debug: DebugOptions, sharesMemory: Bool
  ) throws -> any Communicator {
    let world = try MPICommunicator.initialize()
    do {
      try LaunchEnvironment.check(
        environment: ProcessInfo.processInfo.environment, size: world.size)
    } catch {
      // If the check fails, every process has MPI rank 0; only the launcher's variables tell which
      // is the root.
      world.finalize()
      throw error
    }
    self.world = world
    try Agreement(world).requireSame([
      ("the command", CommandLine.arguments.dropFirst().first ?? ""),
      ("--watchdog", watch.watchdog.rawValue), ("--stall-timeout", "\(watch.stallTimeout)"),
      ("--shared-memory", sharesMemory ? "on" : "off"),
    ])
    try Agreement(world).perform { try debug.apply(rank: world.rank, size: world.size) }
    let name = "rank \(world.rank) of \(world.size) (host \(ProcessInfo.processInfo.hostName))"
    CrashReport.setName(name)
    RankLog.debug("\(name), process \(getpid()), by \(world.library)")
    let base: any Communicator =
      (sharesMemory ? SharedMemoryCommunicator(over: world) : nil) ?? world
    guard let settings = watch.settings else { return base }
    let communicator = LedgeredCommunicator(base, ledger: CollectiveLedger())
    if case .collective(let number)? = debug.debugAt {
      communicator.ledger.waitForDebugger(atCollective: number)
    }
    let watchdog = Watchdog(communicator.ledger, communicator, settings)
    watched = Watched(communicator: communicator, base: base, watchdog: watchdog)
    MPICommunicator.beforeAborting { watchdog.awaitDiagnosis() }
    return communicator
  }

  /// Facts that this rank knows of its process and node; see ``Machine``.
  static func facts(
    of machine: Machine, threads: Int, over communicator: any Communicator
  ) throws -> RankFacts {
    RankFacts(
      machine, rank: communicator.rank, host: world?.hostName ?? "", library: messagePassing,
      builtWith: MPICommunicator.builtWith, allowsThreads: world?.allowsOtherThreads ?? true,
      version: LCNNDist.version, threads: threads)
  }

  /// Warns of what makes training slow or ends it soon, by the checks that take milliseconds.
  ///
  /// Collective.
  static func warnOfProblems(threads: Int, over communicator: any Communicator) throws {
    let machine = Machine(environment: ProcessInfo.processInfo.environment)
    let job = try JobFacts(
      gathering: try facts(of: machine, threads: threads, over: communicator), over: communicator)
    for problem in Examination(of: job, instantOnly: true).problems {
      let remedy = problem.verdict.remedy.map { "; \($0)" } ?? ""
      logger.warning("\(problem.id): \(problem.verdict.text)\(remedy)")
    }
  }

  /// Makes the watchdog write the ranks' ledgers to the directory of `run`.
  static func watch(run: String) {
    watched?.watchdog.use(directory: RunFile.watch.path(in: run))
  }

  /// Returns a switch for this rank's ledger and watchdog; nil if the watchdog is off.
  static func makeDiagnosisSwitch() -> DiagnosisSwitch? {
    watched.map {
      DiagnosisSwitch(ledgered: $0.communicator, plain: $0.base, watchdog: $0.watchdog)
    }
  }

  /// Finalizes MPI together with all other ranks.
  private static func finalize() {
    guard let watched else {
      world?.finalize()
      return
    }
    watched.communicator.programPoint = ProgramPoint(.ending)
    watched.communicator.ledger.record(.finalize) { world?.finalize() }
    watched.watchdog.stop()
  }

  /// Runs `body` on `threads` threads of this process; each thread is a rank of the whole job.
  ///
  /// Collective; the processes may have different numbers of threads. `body` must not use `world`.
  static func onThreads(
    _ threads: Int, of world: any Communicator,
    _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws {
    let team = try Agreement(world).perform { try ThreadTeam(size: threads) }
    try team.run(
      over: world,
      abandon: { error, rank in
        log("lcnn-dist: rank \(rank): \(error)")
        world.abort(code: ExitStatus(error).rawValue)
      },
      { communicator in
        flushDenormalsOnThisThread()
        try body(communicator)
      })
  }

  /// Makes all ranks use the same kernels, since each computes the weights from the same gradients.
  ///
  /// The program's kernels use the instructions that all CPUs have. Ranks whose OpenBLAS has chosen
  /// different kernels are refused. Collective; call it before the first kernel runs.
  static func agreeOnKernels(_ vectorUnits: VectorUnitOptions) throws {
    let communicator: (any Communicator)? = watched?.communicator ?? world
    guard let communicator else { return }
    try Agreement(communicator).requireSame([
      ("OpenBLAS's kernels, chosen by \(BLASCoreType.coreTypeVariable)", BLASCoreType.current)
    ])
    if let note = try vectorUnits.agree(over: communicator) { logger.info("\(note)") }
  }

  /// Whether this is rank 0, the only one that prints; before MPI starts, the launcher's variables
  /// decide.
  static var isRoot: Bool {
    if let world { return world.rank == 0 }
    let environment = ProcessInfo.processInfo.environment
    return ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"]
      .compactMap { environment[$0] }.allSatisfy { $0 == "0" }
  }

  /// Log of rank 0 on standard error; other ranks log nothing.
  static var logger: Logger {
    guard isRoot && output.style != .quiet else {
      return Logger(label: "lcnn-dist") { _ in SwiftLogNoOpLogHandler() }
    }
    return output.format == .json
      ? Logger(label: "lcnn-dist") { _ in JSONLogHandler() }
      : Logger(label: "lcnn-dist") { TextLogHandler(label: $0) }
  }

  static func exit(_ status: ExitStatus) -> Never {
    finalize()
    do { try StandardStreams.flush() } catch {
      if isRoot { log("lcnn-dist: \(error)") }
      Foundation.exit(error.exitStatus.rawValue)
    }
    Foundation.exit(status.rawValue)
  }

  /// Ends all ranks with the error's exit code; rank 0 prints one line.
  ///
  /// The argument parser words errors of the command line and answers requests for help.
  static func exit(after error: any Error) -> Never {
    let isOurs = isWordedHere(error)
    let status = isOurs ? ExitStatus(error).rawValue : LCNNDist.exitCode(for: error).rawValue
    if status == ExitStatus.success.rawValue {
      // The error is a request for help, which every rank receives.
      let help = LCNNDist.fullMessage(for: error)
      if isRoot && !help.isEmpty { print(help) }
      exit(.success)
    }
    let message = isOurs ? "lcnn-dist: \(error)" : LCNNDist.fullMessage(for: error)
    if isRoot { log(message) }
    if let world {
      // All ranks agree to stop, so rank 0 has said so.
      if !isRoot && status != ExitStatus.stopped.rawValue {
        logIfAlone("lcnn-dist: rank \(world.rank): \(error)")
      }
      // Finalizing MPI is collective, so rank 0 has printed the line before any rank exits.
      finalize()
    } else if !isRoot {
      // mpirun ends all ranks when the first one fails, so the exit of rank 0 ends this wait.
      sleep(longestWaitForRoot)
    }
    Foundation.exit(status)
  }

  /// Writes a line on standard error.
  static func log(_ line: String) {
    StandardStreams.log(line)
  }

  /// Logs this rank's error if the process is still alive after a wait: then rank 0 did not fail
  /// too, and has not printed the error.
  private static func logIfAlone(_ message: String) {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: waitForOthers)
      log(message)
    }
  }

  /// Wait in seconds; ranks that end together do so within a fraction of a second.
  private static let waitForOthers: TimeInterval = 0.5

  /// Wait in seconds; ranks of one job start within a fraction of a second.
  private static let longestWaitForRoot: UInt32 = 3

  private static func isWordedHere(_ error: any Error) -> Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") == false
  }
}
