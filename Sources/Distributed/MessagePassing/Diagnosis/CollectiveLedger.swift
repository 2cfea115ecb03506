import Failures
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What one rank has done lately: its collectives, numbered, and the place it is in.
///
/// A fixed ring: recording allocates nothing and takes a lock that only a ``Watchdog`` shares, once a
/// second. A rank that is a thread has a ledger of its own. Each communicator is a *stream*: numbers and
/// hashes run per stream, since only there the order is the same on all ranks.
public final class CollectiveLedger: Sendable {
  /// Collectives that are kept: several steps of any network here.
  public static let capacity = 512
  /// Communicators of one rank.
  static let maximumStreams = 16

  private let state = Mutex(State())

  public init() {}

  /// Where the rank is.
  public var programPoint: ProgramPoint {
    get { state.withLock(\.programPoint) }
    set {
      state.withLock {
        $0.programPoint = newValue
        $0.events += 1
      }
    }
  }

  /// The rank goes on within its place: a sign of life where there are no collectives for long.
  public func beat() { state.withLock { $0.events += 1 } }

  /// For drills: the next sum of this rank is neither made nor recorded.
  public func omitNextAllreduce() { state.withLock { $0.omits = true } }

  /// Records a collective around `body`, which makes it.
  public func record(
    _ operation: CollectiveEntry.Operation, count: Int = 0, stream: Int = 0, _ body: () -> Void
  ) {
    guard let ticket = enter(operation, count: count, stream: stream) else { return }
    body()
    leave(ticket)
  }

  /// The number of a communicator that the next collective is the first of.
  func openStream() -> Int {
    state.withLock {
      require(
        $0.streams.count < Self.maximumStreams,
        "more than \(Self.maximumStreams) communicators in one rank")
      $0.streams.append(Stream())
      return $0.streams.count - 1
    }
  }

  /// Changes of place, signs of life, collectives entered and left.
  package var events: UInt64 { state.withLock(\.events) }

  /// How many collectives the rank has entered, on each stream.
  public var counts: [Int] { state.withLock { $0.streams.map(\.count) } }

  /// The collectives that are kept, oldest first, in memory of their own.
  public var entries: [CollectiveEntry] { state.withLock { $0.kept.map { $0 } } }

  /// Appends what ``LedgerSnapshot`` reads.
  func append(to words: inout [UInt64]) { state.withLock { $0.append(to: &words) } }

  private func enter(
    _ operation: CollectiveEntry.Operation, count: Int, stream: Int
  ) -> Int? {
    let now = Self.nanoseconds()
    return state.withLock { $0.enter(operation, count: count, stream: stream, now: now) }
  }

  private func leave(_ ticket: Int) {
    let now = Self.nanoseconds()
    state.withLock { $0.leave(ticket, now: now) }
  }

  private static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private struct State {
    let start = CollectiveLedger.nanoseconds()
    var programPoint = ProgramPoint(.preparing)
    var events: UInt64 = 0
    var omits = false
    var streams = [Stream()]
    var ring: [CollectiveEntry?] = Array(repeating: nil, count: CollectiveLedger.capacity)
    /// Entries ever made; the last `capacity` of them are in the ring.
    var made = 0
    /// The entry that the rank is in.
    var blocked: Int?

    init() { streams.reserveCapacity(CollectiveLedger.maximumStreams) }

    mutating func enter(
      _ operation: CollectiveEntry.Operation, count: Int, stream: Int, now: UInt64
    ) -> Int? {
      if omits && operation.isSum {
        omits = false
        return nil
      }
      let ticket = made
      let (number, ordinal) = streams[stream].advance(operation, count: count, programPoint)
      ring[ticket % ring.count] = CollectiveEntry(
        stream: stream, number: number, operation: operation, count: count,
        programPoint: programPoint,
        ordinal: ordinal, entered: now - start, left: nil, hash: streams[stream].hash)
      made += 1
      events += 1
      blocked = ticket
      return ticket
    }

    mutating func leave(_ ticket: Int, now: UInt64) {
      events += 1
      blocked = nil
      // Younger ones may have taken its place.
      if made - ticket <= ring.count { ring[ticket % ring.count]?.left = max(now - start, 1) }
    }

    var kept: some Sequence<CollectiveEntry> {
      (max(0, made - ring.count)..<made).lazy.compactMap { ring[$0 % ring.count] }
    }

    func append(to words: inout [UInt64]) {
      let programPoint = programPoint.words
      words.append(programPoint.step)
      words.append(programPoint.activity)
      words.append(events)
      words.append(UInt64(streams.count))
      for stream in streams { stream.append(to: &words) }
      // From 1: the entry, among those kept, that the rank is in; 0 if in none.
      words.append(UInt64(blocked.map { $0 - max(0, made - ring.count) + 1 } ?? 0))
      words.append(UInt64(min(made, ring.count)))
      for entry in kept { entry.append(to: &words) }
    }
  }

  /// One communicator's count and hash.
  struct Stream {
    private(set) var count = 0
    private(set) var hash: UInt64 = 1
    private var lastPoint: ProgramPoint?
    private var ordinal = 0
    /// Hashes after collectives 4096, 8192, … modulo their number: ranks that publish at different times
    /// have one in common where their rings have none, up to 65,536 collectives apart.
    private var milestones: [UInt64] = Array(repeating: 0, count: milestoneCount)

    static let milestoneCount = 16
    static let milestoneSpacing = 4096
    static let wordCount = 2 + milestoneCount

    mutating func advance(
      _ operation: CollectiveEntry.Operation, count elements: Int, _ programPoint: ProgramPoint
    ) -> (number: Int, ordinal: Int) {
      count += 1
      ordinal = programPoint == lastPoint ? ordinal + 1 : 1
      lastPoint = programPoint
      let words = programPoint.words
      mix(operation.word)
      mix(UInt64(elements))
      mix(words.step)
      mix(words.activity)
      if count % Self.milestoneSpacing == 0 {
        milestones[count / Self.milestoneSpacing % Self.milestoneCount] = hash
      }
      return (count, ordinal)
    }

    /// Any odd multiplier that mixes well will do: ranks need only agree.
    private mutating func mix(_ word: UInt64) {
      hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }

    func append(to words: inout [UInt64]) {
      words.append(UInt64(count))
      words.append(hash)
      words.append(contentsOf: milestones)
    }
  }
}
