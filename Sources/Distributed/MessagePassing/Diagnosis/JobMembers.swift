#if canImport(Glibc)
  import Glibc
#endif

/// The ranks of a job with their hosts and processes; equal on all ranks.
package struct JobMembers: Sendable {
  /// Number of the job; no other job has it.
  let job: UInt64
  let rank: Int
  /// Host name of each rank, in rank order.
  let hosts: [String]
  /// Process number of each rank, in rank order.
  let processes: [Int32]

  var size: Int { hosts.count }
  var host: String { hosts[rank] }

  /// Ranks on the node of this rank, this one included, ascending.
  var localRanks: [Int] { hosts.indices.filter { hosts[$0] == host } }
  /// Ranks on other nodes, ascending.
  var remoteRanks: [Int] { hosts.indices.filter { hosts[$0] != host } }

  /// Gathers the members of a communicator; collective.
  init(_ communicator: any Communicator) {
    rank = communicator.rank
    var numbers = [UInt64(getpid()), UInt64.random(in: .min ... .max)]
    let gathered = communicator.allGather(numbers.withUnsafeMutableBytes { Array($0) })
      .map { $0.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) } }
    processes = gathered.map { Int32(truncatingIfNeeded: $0[0]) }
    job = gathered[0][1]
    hosts = communicator.allGather(Array(Self.hostName().utf8))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Members that need not exist, for tests.
  package init(job: UInt64, rank: Int, hosts: [String], processes: [Int32]) {
    self.job = job
    self.rank = rank
    self.hosts = hosts
    self.processes = processes
  }

  /// Name of the node on which this process runs.
  static func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, gethostname(start, 255) == 0 else { return "unknown" }
      return String(cString: start)
    }
  }
}
