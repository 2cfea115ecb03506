#if canImport(Glibc)
  import Glibc
#endif

/// Who the ranks of a job are and where they run, as all of them know it.
package struct JobMembers: Sendable {
  /// A number that no other job has.
  let job: UInt64
  let rank: Int
  /// By rank.
  let hosts: [String]
  let processes: [Int32]

  var size: Int { hosts.count }
  var host: String { hosts[rank] }

  /// Ranks on this rank's host, ascending.
  var localRanks: [Int] { hosts.indices.filter { hosts[$0] == host } }
  /// Ranks on other hosts, ascending.
  var remoteRanks: [Int] { hosts.indices.filter { hosts[$0] != host } }

  /// Collective.
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

  /// For tests, which have no processes.
  package init(job: UInt64, rank: Int, hosts: [String], processes: [Int32]) {
    self.job = job
    self.rank = rank
    self.hosts = hosts
    self.processes = processes
  }

  static func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, gethostname(start, 255) == 0 else { return "unknown" }
      return String(cString: start)
    }
  }
}
