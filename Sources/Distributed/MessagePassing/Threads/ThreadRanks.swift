/// Which ranks the threads of each process are: those of process 0 first, then those of process 1.
struct ThreadRanks: Sendable {
  /// Each process's first rank, and behind them the number of all ranks.
  private let firsts: [Int]

  /// Collective over `processes`, each with its own number of threads.
  init(threads: Int, of processes: any Communicator) {
    var counts = [Int64](repeating: 0, count: processes.size)
    counts[processes.rank] = Int64(threads)
    counts.withUnsafeMutableBufferPointer { processes.allreduce($0) }
    firsts = counts.reduce(into: [0]) { firsts, count in
      firsts.append(firsts[firsts.count - 1] + Int(count))
    }
  }

  /// How many there are.
  var count: Int { firsts[firsts.count - 1] }

  /// Whether every process has as many threads.
  var areEven: Bool { (1..<firsts.count).allSatisfy { firsts[$0] - firsts[$0 - 1] == firsts[1] } }

  func first(of process: Int) -> Int { firsts[process] }

  /// Where a rank is.
  func location(of rank: Int) -> (process: Int, thread: Int) {
    var process = 0
    while firsts[process + 1] <= rank { process += 1 }
    return (process, rank - firsts[process])
  }
}
