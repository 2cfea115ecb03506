/// The rank of each thread of each process: the threads of process 0 first, then those of process
/// 1.
struct ThreadRanks: Sendable {
  /// First rank of each process, followed by the number of all ranks.
  private let firsts: [Int]

  /// Collective over `processes`; each gives its number of threads.
  init(threads: Int, of processes: any Communicator) {
    var counts = [Int64](repeating: 0, count: processes.size)
    counts[processes.rank] = Int64(threads)
    counts.withUnsafeMutableBufferPointer { processes.allreduce($0) }
    firsts = counts.reduce(into: [0]) { firsts, count in
      firsts.append(firsts[firsts.count - 1] + Int(count))
    }
  }

  /// Number of all ranks.
  var count: Int { firsts[firsts.count - 1] }

  /// Whether all processes have the same number of threads.
  var areEven: Bool { (1..<firsts.count).allSatisfy { firsts[$0] - firsts[$0 - 1] == firsts[1] } }

  func first(of process: Int) -> Int { firsts[process] }

  /// Process of a rank, and its thread in the process.
  func location(of rank: Int) -> (process: Int, thread: Int) {
    var process = 0
    while firsts[process + 1] <= rank { process += 1 }
    return (process, rank - firsts[process])
  }
}
