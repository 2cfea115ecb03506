/// The ledger of a rank when the rank's watchdog last published it.
package struct LedgerSnapshot: Equatable, Sendable {
  /// State of the rank's process.
  package enum Condition: UInt64, Sendable {
    case running
    /// It has diagnosed a hang, or follows a rank that has, and writes its dump.
    case diagnosing
    /// Its dump is written.
    case dumped
    /// It has finalized MPI.
    case finished
    /// A debugger holds it, or it waits for one.
    case held
  }

  /// Values that a watchdog adds to the ledger.
  package struct Header: Equatable, Sendable {
    /// Number of the job; no other job has it.
    var job: UInt64
    var rank: Int
    /// Number of publications.
    package var heartbeat: UInt64
    var condition: Condition
    /// Time since the last event of the ledger, measured by the rank's watchdog.
    var stillFor: Duration

    package init(
      job: UInt64, rank: Int, heartbeat: UInt64, condition: Condition, stillFor: Duration
    ) {
      self.job = job
      self.rank = rank
      self.heartbeat = heartbeat
      self.condition = condition
      self.stillFor = stillFor
    }
  }

  package struct Stream: Equatable, Sendable {
    let count: Int
    let hash: UInt64
    let milestones: [UInt64]
  }

  package let header: Header
  package let programPoint: ProgramPoint
  let events: UInt64
  let streams: [Stream]
  /// Words of the entries, decoded on demand: snapshots are read once a second, entries rarely.
  private let entryWords: ArraySlice<UInt64>
  /// The collective that the rank is in.
  package let blocked: CollectiveEntry?

  /// Largest number of words of a snapshot.
  static let maximumWords =
    16 + CollectiveLedger.maximumStreams * CollectiveLedger.Stream.wordCount
    + CollectiveLedger.capacity * CollectiveEntry.wordCount

  private static let magic: UInt64 = 0x4C43_4E4E_4C45_4447  // "LCNNLEDG"

  /// Replaces `words` by a snapshot, which ``init(_:)`` reads; it begins with length and checksum.
  package static func write(
    _ header: Header, _ ledger: CollectiveLedger, into words: inout [UInt64]
  ) {
    words.removeAll(keepingCapacity: true)
    words.append(magic)
    words.append(0)
    words.append(0)
    words.append(header.job)
    words.append(UInt64(header.rank))
    words.append(header.heartbeat)
    words.append(header.condition.rawValue)
    words.append(UInt64(max(0, header.stillFor / .milliseconds(1))))
    ledger.append(to: &words)
    words[1] = UInt64(words.count)
    words[2] = checksum(words[3...])
  }

  /// Nil if the words are not a whole snapshot, for example because the writer has not finished.
  ///
  /// Words after the snapshot are ignored.
  package init?(_ words: [UInt64]) {
    guard words.count > 8, words[0] == Self.magic, words[1] > 8, words[1] <= UInt64(words.count)
    else { return nil }
    let body = words[3..<Int(words[1])]
    guard words[2] == Self.checksum(body) else { return nil }
    var reader = WordReader(body)
    guard let job = reader.next(), let rank = reader.next(), let heartbeat = reader.next(),
      let condition = reader.next().flatMap(Condition.init), let still = reader.next(),
      let step = reader.next(), let activity = reader.next(),
      let programPoint = ProgramPoint(words: (step: step, activity: activity)),
      let events = reader.next(),
      let streamCount = reader.next()
    else { return nil }
    header = Header(
      job: job, rank: Int(rank), heartbeat: heartbeat, condition: condition,
      stillFor: .milliseconds(Int(still)))
    self.programPoint = programPoint
    self.events = events
    var streams: [Stream] = []
    for _ in 0..<streamCount {
      guard let count = reader.next(), let hash = reader.next() else { return nil }
      var milestones: [UInt64] = []
      for _ in 0..<CollectiveLedger.Stream.milestoneCount {
        guard let milestone = reader.next() else { return nil }
        milestones.append(milestone)
      }
      streams.append(Stream(count: Int(count), hash: hash, milestones: milestones))
    }
    self.streams = streams
    guard let blocked = reader.next(), let entryCount = reader.next() else { return nil }
    entryWords = reader.rest
    guard entryWords.count == Int(entryCount) * CollectiveEntry.wordCount else { return nil }
    self.blocked = blocked == 0 ? nil : Self.entry(Int(blocked) - 1, in: entryWords)
  }

  /// The collectives in the ledger, oldest first.
  package var entries: [CollectiveEntry] {
    (0..<entryCount).compactMap { Self.entry($0, in: entryWords) }
  }

  /// The collective of this number and stream; nil if the ledger no longer held it.
  func entry(_ number: Int, stream: Int) -> CollectiveEntry? {
    let index = (0..<entryCount).last {
      CollectiveEntry.isWritten(
        in: entryWords.dropFirst($0 * CollectiveEntry.wordCount), number, stream)
    }
    return index.flatMap { Self.entry($0, in: entryWords) }
  }

  private var entryCount: Int { entryWords.count / CollectiveEntry.wordCount }

  private static func entry(_ index: Int, in words: ArraySlice<UInt64>) -> CollectiveEntry? {
    var reader = WordReader(words.dropFirst(index * CollectiveEntry.wordCount))
    return CollectiveEntry(&reader)
  }

  /// Number of collectives of a stream that the rank has entered.
  func count(stream: Int) -> Int { stream < streams.count ? streams[stream].count : 0 }

  private static func checksum(_ words: ArraySlice<UInt64>) -> UInt64 {
    var sum: UInt64 = 1
    for word in words { sum = (sum ^ word) &* 0x0000_0100_0000_01B3 }
    return sum
  }
}
