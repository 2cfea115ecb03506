import ArgumentParser
import MessagePassing

/// Option for the number of computing threads per rank.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      threads of each rank, which share samples as ranks do (default: one for each core that the \
      rank has for itself, as far as there is a slice of the batch for each)
      """, valueName: "t"))
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads \(threads) must be at least 1")
    }
  }

  /// Number of threads of this rank.
  ///
  /// Collective. A default makes at most `mostShares` shares over all ranks, unless there are more
  /// ranks.
  func count(in world: any Communicator, mostShares: Int = .max) throws -> Int {
    // All ranks gather, even if their threads are given, so that all make the same collectives.
    let cores = try AvailableCores.gather(over: world)
    if let threads { return threads }
    return min(
      AvailableCores.threads(ofRank: world.rank, among: cores), max(1, mostShares / world.size))
  }
}
