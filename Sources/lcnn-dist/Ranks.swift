import ArgumentParser
import Foundation
import Kernels
import Logging
import MessagePassing
import Training

/// This process among its ranks: how it joins them, speaks and leaves.
enum Ranks {
  /// What was found about OpenBLAS before anything else.
  nonisolated(unsafe) static var blas = BLASCoreType.Outcome.fine(core: BLASCoreType.current)
  nonisolated(unsafe) private static var world: MPICommunicator?

  /// Starts MPI and checks that it sees the ranks that the launcher started.
  static func join() throws -> MPICommunicator {
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
    return world
  }

  /// Runs `body` on `threads` threads of this process, each a rank among those of all processes.
  ///
  /// Collective; the processes may have different numbers of threads. `world` itself is not to be used
  /// within `body`.
  static func onThreads(
    _ threads: Int, of world: MPICommunicator,
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

  /// Refuses ranks whose matrix products or own kernels would round differently: each computes the same
  /// weights from the same gradients for itself.
  static func requireSameKernels() throws {
    guard let world else { return }
    try Agreement(world).requireSame([
      ("OpenBLAS's kernels, chosen by \(BLASCoreType.coreTypeVariable)", BLASCoreType.current),
      ("their CPUs' vectors", "\(BLASCoreType.Processor.current.vectors)"),
    ])
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
    world?.finalize()
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
    if speaks {
      let message = isOurs ? "lcnn-dist: \(error)" : LCNNDist.fullMessage(for: error)
      say(message)
    }
    if let world {
      // The end of MPI is collective, so rank 0 has spoken when any rank goes on.
      world.finalize()
    } else if !speaks {
      // At the first failure mpirun ends all ranks, so that of rank 0, which has spoken, ends this wait.
      sleep(longestWaitForSpeaker)
    }
    exit(status)
  }

  private static func say(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
  }

  /// Seconds; ranks of one job start within a fraction of one.
  private static let longestWaitForSpeaker: UInt32 = 3

  private static func isWordedHere(_ error: any Error) -> Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") == false
  }
}
