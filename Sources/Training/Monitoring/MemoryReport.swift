import MessagePassing

/// The memory that the largest process of a run has taken, beside what was planned for it.
public struct MemoryReport: Sendable, Equatable {
  /// Of how many processes it is the largest.
  public let processes: Int
  /// The most that was resident at a time.
  public let residentBytes: Int
  /// The plans of the process's threads, and its data set.
  public let planBytes: Int
  public let dataBytes: Int

  /// Collective; nil if a system does not say what is resident.
  ///
  /// - Parameters:
  ///   - planBytes: of this thread, and `dataBytes` of its process.
  ///   - threads: each process's.
  init?(
    planBytes: Int, dataBytes: Int, threads: [Int], communicator: any Communicator
  ) {
    let own = [ProcessMemory.largestResidentBytes ?? 0, planBytes, dataBytes]
    let ranks = communicator.allGather(RecordBytes.bytes(of: own))
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
