import MessagePassing

/// The memory of the largest process of a run, beside the plan for it.
public struct MemoryReport: Sendable, Equatable {
  /// The number of processes of the run.
  public let processes: Int
  /// The largest resident size of the process.
  public let residentBytes: Int
  /// Bytes of the plans of the process's threads, and of its data set.
  public let planBytes: Int
  public let dataBytes: Int

  /// Collective; nil if a node's system does not tell resident sizes.
  ///
  /// - Parameters:
  ///   - planBytes: the plan of this thread.
  ///   - dataBytes: the data set of its process.
  ///   - threads: the number of threads of each process.
  init?(
    planBytes: Int, dataBytes: Int, threads: [Int], communicator: any Communicator
  ) {
    let local = [ProcessMemory.largestResidentBytes ?? 0, planBytes, dataBytes]
    let ranks = communicator.allGather(RecordBytes.bytes(of: local))
      .map { RecordBytes.records(Int.self, from: $0) }
    var first = 0
    var largest: [Int] = []
    for count in threads {
      let process = ranks[first..<first + count]
      first += count
      let found = [
        process.map { $0[0] }.max() ?? 0, process.reduce(0) { $0 + $1[1] }, process.first?[2] ?? 0,
      ]
      if largest.isEmpty || found[0] > largest[0] { largest = found }
    }
    guard ranks.allSatisfy({ $0[0] > 0 }), !largest.isEmpty else { return nil }
    processes = threads.count
    residentBytes = largest[0]
    self.planBytes = largest[1]
    self.dataBytes = largest[2]
  }
}
