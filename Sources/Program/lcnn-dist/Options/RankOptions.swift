import ArgumentParser
import MessagePassing

/// Options for the threads, kernels and timeouts of ranks.
struct RankOptions: ParsableArguments {
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var vectorUnits: VectorUnitOptions
  @OptionGroup var watch: WatchOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var debug: DebugOptions

  @Option(
    help: """
      off: ranks of a machine do not map one another's memory; each has weights of its own, and MPI makes \
      all sums
      """)
  var sharedMemory: WatchOptions.Switch = .on

  /// Joins the other ranks, and makes all ranks use the same kernels.
  ///
  /// Collective.
  func join() throws -> any Communicator {
    Ranks.output = output.console
    let world = try Ranks.join(watch, debug, sharesMemory: sharedMemory == .on)
    DebuggerStop.reach(.start)
    Ranks.logger.info("\(Ranks.blas)")
    try Ranks.agreeOnKernels(vectorUnits)
    return world
  }

  /// Runs `body` on all threads of all ranks that have joined; by default they make at most
  /// `mostShares` shares.
  ///
  /// Collective.
  func onThreads(
    of world: any Communicator, mostShares: Int = .max,
    _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws {
    let count = try threads.count(in: world, mostShares: mostShares)
    try Ranks.warnOfProblems(threads: count, over: world)
    try Ranks.onThreads(count, of: world, body)
  }

  /// Joins the other ranks and runs `body` on all threads of all of them.
  ///
  /// Collective.
  func run(_ body: @escaping @Sendable (any Communicator) throws -> Void) throws {
    try onThreads(of: join(), body)
  }
}
