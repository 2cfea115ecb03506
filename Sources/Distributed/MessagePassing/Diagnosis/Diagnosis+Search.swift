extension Diagnosis {
  /// Times after which a rank counts as stalled or silent.
  package struct Limits: Sendable {
    /// Time between two looks of a watchdog.
    let period: Duration
    let stall: Duration

    package init(period: Duration, stall: Duration) {
      self.period = period
      self.stall = stall
    }

    /// Time after which a watchdog that has not published counts as dead.
    ///
    /// On a node with more ranks than cores, a thread may wait long for a core.
    var silence: Duration { max(period * 5, .seconds(3)) }
    /// Time between snapshots of different ranks, at most.
    ///
    /// A condition on several ranks must have held for longer than this.
    var settled: Duration { max(period * 3, .seconds(1)) }
  }

  /// The first problem among the ranks; nil if there is none.
  ///
  /// - Parameter views: the ranks, in rank order; nil for a rank that cannot be seen.
  package static func find(in views: [RankView?], _ limits: Limits) -> Diagnosis? {
    let seen = views.compactMap { $0 }
    // All ranks wait for one that a debugger holds, and whoever sits there decides for how long.
    if seen.contains(where: \.isHeld) { return nil }
    return gone(seen, limits) ?? mismatch(seen) ?? crossed(seen, limits) ?? stall(views, limits)
  }

  /// A rank whose process has ended while others go on.
  private static func gone(_ views: [RankView], _ limits: Limits) -> Diagnosis? {
    let lost = views.first { $0.isGone && !$0.isFinished && $0.silentFor > limits.silence }
    return lost.map { .gone(Missing($0, isSilent: true)) }
  }

  // MARK: - Different collectives

  /// The first collective in the ledgers in which a rank differs from the lowest one.
  static func mismatch(_ views: [RankView]) -> Diagnosis? {
    guard let first = views.first else { return nil }
    for other in views.dropFirst() {
      let streams = min(first.snapshot.streams.count, other.snapshot.streams.count)
      for stream in 0..<streams where differ(first.snapshot, other.snapshot, stream: stream) {
        if let found = firstDifference(first, other, stream: stream) { return found }
      }
    }
    return nil
  }

  /// Whether the hashes differ after the newest collective that both ranks have entered.
  private static func differ(_ a: LedgerSnapshot, _ b: LedgerSnapshot, stream: Int) -> Bool {
    let newest = min(a.count(stream: stream), b.count(stream: stream))
    if newest == 0 { return false }
    if let one = a.entry(newest, stream: stream), let two = b.entry(newest, stream: stream) {
      return one.hash != two.hash
    }
    let spacing = CollectiveLedger.Stream.milestoneSpacing
    let kept = CollectiveLedger.Stream.milestoneCount
    let ahead = max(a.count(stream: stream), b.count(stream: stream)) / spacing
    let milestone = newest / spacing
    guard milestone > 0, ahead - milestone < kept else { return false }
    return a.streams[stream].milestones[milestone % kept]
      != b.streams[stream].milestones[milestone % kept]
  }

  /// The oldest collective that differs between two ledgers that hold it.
  ///
  /// If none differs, the oldest that both hold; if they hold none in common, the newest of each.
  private static func firstDifference(
    _ a: RankView, _ b: RankView, stream: Int
  ) -> Diagnosis? {
    var oldest: (CollectiveEntry, CollectiveEntry)?
    for entry in a.snapshot.entries where entry.stream == stream {
      guard let other = b.snapshot.entry(entry.number, stream: stream) else { continue }
      if oldest == nil { oldest = (entry, other) }
      if !entry.matches(other) { return .mismatch(Side(a, entry), Side(b, other)) }
    }
    if oldest == nil {
      let newest = (a.snapshot.newestEntry(stream: stream), b.snapshot.newestEntry(stream: stream))
      if case (let one?, let two?) = newest { oldest = (one, two) }
    }
    return oldest.map { .oldMismatch(Side(a, $0), Side(b, $1)) }
  }

  /// Two ranks that wait in collectives of two streams, which the other has not entered.
  private static func crossed(_ views: [RankView], _ limits: Limits) -> Diagnosis? {
    // One rank for each collective in which ranks wait.
    var waiting: [RankView] = []
    for view in views where view.stillFor >= limits.settled && view.silentFor < limits.silence {
      guard let entry = view.blocked else { continue }
      let isNew = !waiting.contains { $0.blocked.map { isSame($0, entry) } ?? false }
      if isNew { waiting.append(view) }
    }
    for (index, a) in waiting.enumerated() {
      for b in waiting[(index + 1)...] {
        guard let mine = a.blocked, let other = b.blocked, mine.stream != other.stream,
          !b.hasEntered(mine), !a.hasEntered(other)
        else { continue }
        return .crossed(Side(a, mine), Side(b, other))
      }
    }
    return nil
  }

  // MARK: - Stalls

  /// Ranks for which others have waited longer than `limits.stall`.
  ///
  /// Activities that take long have more time, by their ``ProgramPoint/patience``.
  static func stall(_ views: [RankView?], _ limits: Limits) -> Diagnosis? {
    let seen = views.compactMap { $0 }
    if seen.contains(where: \.isHeld) { return nil }
    let waiting = seen.filter { view in
      guard let entry = view.blocked else { return false }
      return view.stillFor >= limits.stall * entry.programPoint.patience
    }
    // The rank furthest behind explains the others.
    let target = waiting.compactMap(\.blocked).min {
      ($0.stream, $0.number) < ($1.stream, $1.number)
    }
    guard let target else { return nil }
    let late = seen.filter { !$0.hasEntered(target) && !$0.isFinished }
    if !late.isEmpty {
      // A rank that waits in another collective is not the cause, unless its snapshot is old.
      let idle = late.filter { $0.blocked == nil || $0.silentFor >= limits.settled }
      let missing = (idle.isEmpty ? late : idle).map {
        Missing($0, isSilent: $0.silentFor >= limits.settled)
      }
      let isSlow = missing.contains { $0.stillFor < limits.stall * $0.programPoint.patience }
      let inIt = seen.filter { $0.blocked.map { isSame($0, target) } ?? false }
      return isSlow ? nil : .missing(missing, from: target, waiting: inIt.map(\.rank))
    }
    // A rank that computes will still come, or has left the collective.
    let stillFor = seen.filter { !$0.isFinished }.map(\.stillFor).min() ?? .zero
    guard stillFor >= limits.stall * target.programPoint.patience else { return nil }
    let silent = seen.filter { !$0.isFinished && $0.silentFor >= limits.silence }
    return .stuck(
      target, for: stillFor, silent: silent.map { Missing($0, isSilent: true) },
      unseen: views.indices.filter { views[$0] == nil }, hosts: Set(seen.map(\.host)).count)
  }
}

private func isSame(_ a: CollectiveEntry, _ b: CollectiveEntry) -> Bool {
  a.stream == b.stream && a.number == b.number
}

extension LedgerSnapshot {
  fileprivate func newestEntry(stream: Int) -> CollectiveEntry? {
    entries.last { $0.stream == stream }
  }
}

extension ProgramPoint {
  /// Factor on the stall timeout: one rank alone may take long to prepare or to write a checkpoint.
  fileprivate var patience: Double {
    switch activity {
    case .preparing, .checkpoint: 10
    default: 1
    }
  }
}
