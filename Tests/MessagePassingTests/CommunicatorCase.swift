import InProcessRanks
import MessagePassing
import Synchronization
import Testing

/// A kind of communicator, and ranks that use it.
struct CommunicatorCase: Sendable, CustomTestStringConvertible {
  /// Runs the body on every rank.
  typealias Run =
    @Sendable (_ body: @escaping @Sendable (any Communicator) throws -> Void) throws -> Void

  let testDescription: String
  let ranks: Int
  /// Ranks that share memory with each rank, itself included.
  let nodeSize: Int
  let run: Run

  /// Processes that are threads of the in-process communicator, or one process alone.
  private static func onProcesses(
    _ count: Int, _ body: @escaping @Sendable (any SplittableCommunicator) throws -> Void
  ) throws {
    _ = try InProcessCommunicator.run(ranks: count, body)
  }

  private static func onThreads(
    _ count: Int, of process: any Communicator,
    _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws {
    try ThreadTeam(size: count).run(
      over: process, abandon: { fatalError("rank \($1): \($0)") }, body)
  }

  static func inProcess(_ ranks: Int) -> CommunicatorCase {
    CommunicatorCase(testDescription: "in process, \(ranks) ranks", ranks: ranks, nodeSize: 1) {
      body in try onProcesses(ranks) { try body($0) }
    }
  }

  /// - Parameter threads: number of threads of each process.
  static func hybrid(_ threads: [Int]) -> CommunicatorCase {
    CommunicatorCase(
      testDescription: "hybrid, threads \(threads)", ranks: threads.reduce(0, +),
      nodeSize: threads.count == 1 ? threads[0] : threads.max() == 1 ? 1 : 0
    ) { body in
      try onProcesses(threads.count) { process in
        try onThreads(threads[process.rank], of: process, body)
      }
    }
  }

  /// - Parameter nodes: number of processes of each node, the same on all of them.
  static func sharedMemory(_ nodes: [Int], threads: Int = 1) -> CommunicatorCase {
    CommunicatorCase(
      testDescription: "shared memory, nodes \(nodes), threads \(threads)",
      ranks: nodes.reduce(0, +) * threads, nodeSize: nodes[0] * threads
    ) { body in
      let hosts = nodes.enumerated().flatMap { Array(repeating: "\($0)", count: $1) }
      try onProcesses(hosts.count) { process in
        guard let shared = SharedMemoryCommunicator(over: process, host: hosts[process.rank]) else {
          Issue.record("processes of nodes \(nodes) cannot share memory")
          return
        }
        try onThreads(threads, of: shared, body)
      }
    }
  }

  /// This case with the communicator of each rank decorated.
  func decorated(
    _ name: String, _ decorate: @escaping @Sendable (any Communicator) -> any Communicator
  ) -> CommunicatorCase {
    CommunicatorCase(
      testDescription: "\(name) over \(testDescription)", ranks: ranks, nodeSize: nodeSize
    ) {
      body in try run { try body(decorate($0)) }
    }
  }

  private static let plain: [CommunicatorCase] =
    [
      CommunicatorCase(testDescription: "solo", ranks: 1, nodeSize: 1) {
        try $0(SoloCommunicator())
      }
    ] + [1, 2, 3, 5].map(inProcess)
    + [[2], [3], [5], [1, 1, 1], [2, 2], [1, 3], [3, 1, 2]].map(hybrid)
    + [[2], [3], [5], [2, 2], [3, 3], [2, 2, 2]].map { sharedMemory($0) }
    + [sharedMemory([2], threads: 2), sharedMemory([2, 2], threads: 2)]

  private static let decorators: [CommunicatorCase] = [
    inProcess(3), hybrid([2, 2]), sharedMemory([2], threads: 2),
  ].flatMap { plain in
    [
      plain.decorated("ledgered") { LedgeredCommunicator($0, ledger: CollectiveLedger()) },
      plain.decorated("timed") { TimedCommunicator($0) },
      plain.decorated("unchanged") { UnchangedCommunicator($0) },
    ]
  }

  static let all = plain + decorators
}

/// A decorator that changes nothing.
final class UnchangedCommunicator: CommunicatorDecorator {
  let base: any Communicator

  init(_ base: any Communicator) { self.base = base }

  func duplicate() -> any Communicator { UnchangedCommunicator(base.duplicate()) }
}
