import CrashReports
import Failures
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The latest collectives of one rank, numbered, and its point of the program.
///
/// The ledger is a ring of fixed size: a record allocates nothing and takes a lock, which a
/// ``Watchdog`` takes too, once a second. Each communicator of the rank is a *stream*. Numbers and
/// hashes count per stream, since the order of collectives is equal on all ranks only there.
public final class CollectiveLedger: Sendable {
  /// Number of collectives that the ring keeps: several steps of any network here.
  public static let capacity = 512
  /// Largest number of communicators of a rank.
  static let maximumStreams = 16

  private let state = Mutex(State())

  public init() {}

  /// Point of the program that the rank has reached.
  public var programPoint: ProgramPoint {
    get { state.withLock(\.programPoint) }
    set {
      state.withLock {
        $0.programPoint = newValue
        $0.events += 1
      }
      CrashReport.setPlace(step: newValue.step ?? 0, newValue.activity.name)
    }
  }

  /// Makes the rank wait for a debugger as it enters a collective of the first stream.
  package func waitForDebugger(atCollective number: Int) { state.withLock { $0.stop = number } }

  /// Records that the rank makes progress where there is no collective for long.
  public func beat() { state.withLock { $0.events += 1 } }

  /// Skips the next allreduce of this rank, which is not recorded either; for fault injection.
  public func omitNextAllreduce() { state.withLock { $0.omits = true } }

  /// Records a collective, which `body` makes.
  public func record(
    _ operation: CollectiveEntry.Operation, count: Int = 0, stream: Int = 0, _ body: () -> Void
  ) {
    guard let (ticket, isStop) = enter(operation, count: count, stream: stream) else { return }
    if isStop { DebuggerStop.reach(.collective(counts[0])) }
    body()
    leave(ticket)
  }

  /// The number of a new stream.
  func openStream() -> Int {
    state.withLock {
      require(
        $0.streams.count < Self.maximumStreams,
        "more than \(Self.maximumStreams) communicators in one rank")
      $0.streams.append(Stream())
      return $0.streams.count - 1
    }
  }

  /// Number of events: changes of the program point, beats, collectives entered and left.
  package var events: UInt64 { state.withLock(\.events) }

  /// Number of collectives that the rank has entered on each stream.
  public var counts: [Int] { state.withLock { $0.streams.map(\.count) } }

  /// A copy of the collectives in the ring, oldest first.
  public var entries: [CollectiveEntry] { state.withLock { $0.kept.map { $0 } } }

  /// Appends the words that ``LedgerSnapshot`` reads.
  func append(to words: inout [UInt64]) { state.withLock { $0.append(to: &words) } }

  private func enter(
    _ operation: CollectiveEntry.Operation, count: Int, stream: Int
  ) -> (ticket: Int, isStop: Bool)? {
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
    /// Number of the collective of stream 0 before which the rank waits for a debugger.
    var stop: Int?
    var streams = [Stream()]
    var ring: [CollectiveEntry?] = Array(repeating: nil, count: CollectiveLedger.capacity)
    /// Number of entries ever made; the last `capacity` of them are in the ring.
    var made = 0
    /// Ticket of the collective that the rank is in.
    var blocked: Int?

    init() { streams.reserveCapacity(CollectiveLedger.maximumStreams) }

    mutating func enter(
      _ operation: CollectiveEntry.Operation, count: Int, stream: Int, now: UInt64
    ) -> (ticket: Int, isStop: Bool)? {
      if omits && operation.isAllreduce {
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
      return (ticket, stream == 0 && number == stop)
    }

    mutating func leave(_ ticket: Int, now: UInt64) {
      events += 1
      blocked = nil
      // A newer entry may have replaced it.
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
      // Number, from 1, of the kept entry that the rank is in; 0 if it is in none.
      words.append(UInt64(blocked.map { $0 - max(0, made - ring.count) + 1 } ?? 0))
      words.append(UInt64(min(made, ring.count)))
      for entry in kept { entry.append(to: &words) }
    }
  }

  /// Count and hash of the collectives of one communicator.
  struct Stream {
    private(set) var count = 0
    private(set) var hash: UInt64 = 1
    private var lastPoint: ProgramPoint?
    private var ordinal = 0
    /// Hashes after collectives 4096, 8192, …, the last 16 of them.
    ///
    /// Ranks publish at different times. Up to 65,536 collectives apart, two ranks have a milestone
    /// in common even if their rings have no entry in common.
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

    /// Any odd multiplier that mixes well serves, since ranks only compare hashes.
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
