// Format of the words that ranks publish: 64-bit integers in the byte order of the machine.

/// Reads words one after the other; nil at the end.
struct WordReader {
  private(set) var rest: ArraySlice<UInt64>

  init(_ words: ArraySlice<UInt64>) { rest = words }

  mutating func next() -> UInt64? { rest.popFirst() }
}

extension CollectiveEntry {
  static let wordCount = 9

  /// Appends ``wordCount`` words, which ``init(_:)`` reads.
  func append(to words: inout [UInt64]) {
    words.append(UInt64(stream) | UInt64(ordinal) << 8)
    words.append(UInt64(number))
    words.append(operation.word)
    words.append(UInt64(count))
    let point = programPoint.words
    words.append(point.step)
    words.append(point.activity)
    words.append(entered)
    // No rank leaves a collective before it enters one, so 0 stands for "still in it".
    words.append(left ?? 0)
    words.append(hash)
  }

  /// Whether `words` begin with the collective of this number and stream.
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
      left: left == 0 ? nil : left, hash: hash)
  }
}

extension CollectiveEntry.Operation {
  /// The case in the lowest 8 bits, and the root of a broadcast above them.
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

extension ProgramPoint {
  /// Two words, which ``init(words:)`` reads.
  var words: (step: UInt64, activity: UInt64) {
    // 0 stands for no step.
    (UInt64(step.map { $0 + 1 } ?? 0), activity.word)
  }

  init?(words: (step: UInt64, activity: UInt64)) {
    guard let activity = Activity(word: words.activity) else { return nil }
    self.init(step: words.step == 0 ? nil : Int(words.step) - 1, activity)
  }
}

extension ProgramPoint.Activity {
  /// The case in the lowest 8 bits, and the number of buckets above them.
  fileprivate var word: UInt64 {
    switch self {
    case .preparing: 0
    case .data: 1
    case .forward: 2
    case .backward: 3
    case .forwardTangent: 4
    case .backwardTangent: 5
    case .gradientBucket(let count): 6 | UInt64(count) << 8
    case .update: 7
    case .replicaComparison: 8
    case .checkpoint: 9
    case .evaluation: 10
    case .measurement: 11
    case .betweenSteps: 12
    case .ending: 13
    case .refresh: 14
    case .nonFiniteSearch: 15
    }
  }

  fileprivate init?(word: UInt64) {
    switch word & 0xFF {
    case 0: self = .preparing
    case 1: self = .data
    case 2: self = .forward
    case 3: self = .backward
    case 4: self = .forwardTangent
    case 5: self = .backwardTangent
    case 6: self = .gradientBucket(of: Int(word >> 8))
    case 7: self = .update
    case 8: self = .replicaComparison
    case 9: self = .checkpoint
    case 10: self = .evaluation
    case 11: self = .measurement
    case 12: self = .betweenSteps
    case 13: self = .ending
    case 14: self = .refresh
    case 15: self = .nonFiniteSearch
    default: return nil
    }
  }
}
