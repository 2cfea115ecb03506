/// The time for which each rank has been still or silent, from one look of a watchdog to the next.
///
/// A rank is still if its ledger has no new events, and silent if its watchdog publishes nothing.
struct StallTracker {
  /// Latest news of one rank.
  private struct Track {
    var snapshot: LedgerSnapshot?
    var silentFor = Duration.zero
  }

  private let members: JobMembers
  private let limits: Diagnosis.Limits
  private let clock = ContinuousClock()
  private var lastLook: ContinuousClock.Instant
  /// Time since the last look, at most two periods: a suspended job has not stalled.
  private var elapsed = Duration.zero
  private var heartbeat: UInt64 = 0
  private var events: UInt64 = 0
  private(set) var stillFor = Duration.zero
  private var tracks: [Track]

  init(_ members: JobMembers, _ limits: Diagnosis.Limits) {
    self.members = members
    self.limits = limits
    lastLook = clock.now
    tracks = Array(repeating: Track(), count: members.size)
  }

  /// Begins a look.
  mutating func advance() {
    let now = clock.now
    elapsed = min(now - lastLook, limits.period * 2)
    lastLook = now
  }

  /// The header that the rank publishes; call it after `advance`.
  mutating func header(
    _ condition: LedgerSnapshot.Condition, events: UInt64
  ) -> LedgerSnapshot.Header {
    heartbeat += 1
    stillFor = events == self.events ? stillFor + elapsed : .zero
    self.events = events
    return LedgerSnapshot.Header(
      job: members.job, rank: members.rank, heartbeat: heartbeat, condition: condition,
      stillFor: stillFor)
  }

  /// Takes the snapshot that was read of a rank; once per rank and look.
  mutating func update(_ rank: Int, _ snapshot: LedgerSnapshot?) {
    let isNews =
      snapshot != nil && snapshot?.header.heartbeat != tracks[rank].snapshot?.header.heartbeat
    tracks[rank].silentFor = isNews ? .zero : tracks[rank].silentFor + elapsed
    if isNews { tracks[rank].snapshot = snapshot }
  }

  /// Starts all times again, after a pause in which the watchdog did not look.
  mutating func forgetSilence() {
    stillFor = .zero
    for rank in tracks.indices { tracks[rank].silentFor = .zero }
  }

  /// Whether the rank's watchdog publishes, or may not have begun yet.
  func isAwake(_ rank: Int) -> Bool {
    tracks[rank].silentFor < limits.silence
      && tracks[rank].snapshot?.header.condition != .finished
  }

  func condition(of rank: Int) -> LedgerSnapshot.Condition? {
    tracks[rank].snapshot?.header.condition
  }

  /// A view of each rank; nil for a rank that has never been seen.
  ///
  /// - Parameters:
  ///   - hasEnded: whether the process of a rank of this node no longer exists.
  ///   - isHeld: whether a debugger is attached to the process of a rank of this node.
  func views(hasEnded: (Int) -> Bool, isHeld: (Int) -> Bool) -> [RankView?] {
    tracks.indices.map { rank in
      guard let snapshot = tracks[rank].snapshot else { return nil }
      return RankView(
        rank: rank, host: members.hosts[rank], process: members.processes[rank], snapshot: snapshot,
        stillFor: snapshot.header.stillFor + tracks[rank].silentFor,
        silentFor: tracks[rank].silentFor, isGone: hasEnded(rank),
        isHeld: snapshot.header.condition == .held || isHeld(rank))
    }
  }
}
