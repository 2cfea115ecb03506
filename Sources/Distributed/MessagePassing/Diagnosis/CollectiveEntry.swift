/// One collective that a rank has entered: what it is, and where in the program.
public struct CollectiveEntry: Equatable, Sendable {
  public enum Operation: Equatable, Sendable {
    case allreduceFloat, allreduceDouble, allreduceInt64, broadcast(root: Int), barrier, duplicate,
      finalize
    /// The end of sums that have been started before.
    case waitForAllreduces
    /// The ranks of a machine give one another memory of theirs.
    case shareMemory
    /// Ranks that have memory in common wait for one another.
    case nodeBarrier
  }

  /// 0 for the communicator that the program began with, 1 for its first duplicate, and so on.
  public let stream: Int
  /// Counted from 1 on its stream.
  public let number: Int
  public let operation: Operation
  /// Elements of a sum, bytes of a broadcast or of shared memory, else 0.
  public let count: Int
  public let programPoint: ProgramPoint
  /// The how manyth collective of its stream in its place, from 1.
  public let ordinal: Int
  /// Nanoseconds since the ledger was made.
  public let entered: UInt64
  /// None while the rank is in it.
  public internal(set) var left: UInt64?
  /// Of all collectives of the stream up to this one; equal on ranks that made the same ones.
  public let hash: UInt64

  /// Whether both are the same step of the program, which ranks that go together have equal.
  func matches(_ other: CollectiveEntry) -> Bool {
    operation == other.operation && count == other.count && programPoint == other.programPoint
  }
}

extension CollectiveEntry: CustomStringConvertible {
  /// As messages name it: `collective 1234 (allreduce of 129 doubles; step 12, forward, batch norm 3)`.
  public var description: String { "\(name) (\(what))" }

  var name: String { "collective \(number)\(stream == 0 ? "" : " of stream \(stream)")" }

  /// What it does and where: `allreduce of 129 doubles; step 12, forward, batch norm 3`.
  var what: String { "\(action); \(location)" }

  var location: String { programPoint.description(ordinal: ordinal) }

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

  /// What a rank hands to the operation.
  public var bytes: Int {
    switch operation {
    case .allreduceFloat: 4 * count
    case .allreduceDouble, .allreduceInt64: 8 * count
    case .broadcast: count
    case .barrier, .duplicate, .finalize, .waitForAllreduces, .shareMemory, .nodeBarrier: 0
    }
  }
}

extension CollectiveEntry {
  static let wordCount = 9

  /// ``wordCount`` words that ``init(_:)`` reads back.
  func append(to words: inout [UInt64]) {
    words.append(UInt64(stream) | UInt64(ordinal) << 8)
    words.append(UInt64(number))
    words.append(operation.word)
    words.append(UInt64(count))
    let programPoint = programPoint.words
    words.append(programPoint.step)
    words.append(programPoint.activity)
    words.append(entered)
    // Nobody leaves before entering, so 0 is free to stand for "not yet".
    words.append(left ?? 0)
    words.append(hash)
  }

  /// Whether `words` begin with the collective of that number and stream.
  static func isWritten(in words: ArraySlice<UInt64>, _ number: Int, _ stream: Int) -> Bool {
    words[words.startIndex] & 0xFF == UInt64(stream)
      && words[words.startIndex + 1] == UInt64(number)
  }

  init?(_ reader: inout WordReader) {
    guard let first = reader.next(), let number = reader.next(), let operation = reader.next(),
      let count = reader.next(), let step = reader.next(), let activity = reader.next(),
      let entered = reader.next(), let left = reader.next(), let hash = reader.next(),
      let operation = Operation(word: operation),
      let programPoint = ProgramPoint(words: (step: step, activity: activity))
    else { return nil }
    self.init(
      stream: Int(first & 0xFF), number: Int(number), operation: operation, count: Int(count),
      programPoint: programPoint, ordinal: Int(first >> 8), entered: entered,
      left: left == 0 ? nil : left,
      hash: hash)
  }
}

extension CollectiveEntry.Operation {
  var isSum: Bool {
    switch self {
    case .allreduceFloat, .allreduceDouble, .allreduceInt64: true
    default: false
    }
  }

  /// A number below 256 for the case, and above it the root.
  var word: UInt64 {
    switch self {
    case .allreduceFloat: 0
    case .allreduceDouble: 1
    case .allreduceInt64: 2
    case .broadcast(let root): 3 | UInt64(root) << 8
    case .barrier: 4
    case .duplicate: 5
    case .finalize: 6
    case .waitForAllreduces: 7
    case .shareMemory: 8
    case .nodeBarrier: 9
    }
  }

  fileprivate init?(word: UInt64) {
    switch word & 0xFF {
    case 0: self = .allreduceFloat
    case 1: self = .allreduceDouble
    case 2: self = .allreduceInt64
    case 3: self = .broadcast(root: Int(word >> 8))
    case 4: self = .barrier
    case 5: self = .duplicate
    case 6: self = .finalize
    case 7: self = .waitForAllreduces
    case 8: self = .shareMemory
    case 9: self = .nodeBarrier
    default: return nil
    }
  }
}

/// Reads words one after the other; nothing more at the end.
struct WordReader {
  private(set) var rest: ArraySlice<UInt64>

  init(_ words: ArraySlice<UInt64>) { rest = words }

  mutating func next() -> UInt64? { rest.popFirst() }
}
