/// One collective that a rank has entered: the operation, and the point of the program.
public struct CollectiveEntry: Equatable, Sendable {
  public enum Operation: Equatable, Sendable {
    case allreduceFloat, allreduceDouble, allreduceInt64
    case broadcast(root: Int), barrier, duplicate, finalize
    /// Wait for the allreduces that have been started.
    case waitForAllreduces
    /// Allocation of memory that the ranks of a node map.
    case shareMemory
    case nodeBarrier
  }

  /// 0 for the first communicator of the rank, 1 for its first duplicate, and so on.
  public let stream: Int
  /// Number of the collective on its stream, from 1.
  public let number: Int
  public let operation: Operation
  /// Elements of an allreduce, bytes of a broadcast or of shared memory, else 0.
  public let count: Int
  public let programPoint: ProgramPoint
  /// Number of the collective, from 1, among those of its stream at its program point.
  public let ordinal: Int
  /// Nanoseconds since the ledger was made.
  public let entered: UInt64
  /// Nanoseconds since the ledger was made; nil while the rank is in the collective.
  public internal(set) var left: UInt64?
  /// Hash of all collectives of the stream up to this one; equal on ranks that made the same ones.
  public let hash: UInt64

  /// Whether both are the same collective of the program, as they must be on ranks in step.
  func matches(_ other: CollectiveEntry) -> Bool {
    operation == other.operation && count == other.count && programPoint == other.programPoint
  }

  /// Bytes that a rank passes to the operation.
  public var bytes: Int {
    switch operation {
    case .allreduceFloat: 4 * count
    case .allreduceDouble, .allreduceInt64: 8 * count
    case .broadcast: count
    case .barrier, .duplicate, .finalize, .waitForAllreduces, .shareMemory, .nodeBarrier: 0
    }
  }
}

extension CollectiveEntry.Operation {
  var isAllreduce: Bool {
    switch self {
    case .allreduceFloat, .allreduceDouble, .allreduceInt64: true
    default: false
    }
  }
}

extension CollectiveEntry: CustomStringConvertible {
  /// `collective 1234 (allreduce of 129 doubles; step 12, forward, batch norm 3)`.
  public var description: String { "\(name) (\(details))" }

  /// `collective 1234 of stream 1`; stream 0 is not named.
  var name: String { "collective \(number)\(stream == 0 ? "" : " of stream \(stream)")" }

  /// `allreduce of 129 doubles; step 12, forward, batch norm 3`.
  var details: String { "\(action); \(location)" }

  /// `step 12, forward, batch norm 3`.
  var location: String { programPoint.description(ordinal: ordinal) }

  /// `allreduce of 129 doubles`.
  var action: String {
    func counted(_ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s")" }
    return switch operation {
    case .allreduceFloat: "allreduce of \(counted("float"))"
    case .allreduceDouble: "allreduce of \(counted("double"))"
    case .allreduceInt64: "allreduce of \(counted("64-bit integer"))"
    case .broadcast(let root): "broadcast of \(counted("byte")) from rank \(root)"
    case .barrier: "barrier"
    case .duplicate: "duplication of the communicator"
    case .finalize: "end of MPI"
    case .waitForAllreduces: "wait for the started allreduces"
    case .shareMemory: "allocation of \(counted("byte")) of shared memory"
    case .nodeBarrier: "node barrier"
    }
  }
}
