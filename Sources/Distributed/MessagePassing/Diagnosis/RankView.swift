/// A rank as the watchdog of another rank sees it.
package struct RankView: Sendable {
  let rank: Int
  let host: String
  let process: Int32
  let snapshot: LedgerSnapshot
  /// Time since the last event of the rank's ledger.
  let stillFor: Duration
  /// Time since the last publication of the rank's watchdog.
  let silentFor: Duration
  /// Whether its process no longer exists.
  let isGone: Bool
  /// Whether a debugger holds its process, or the process waits for one.
  let isHeld: Bool

  package init(
    rank: Int, host: String, process: Int32, snapshot: LedgerSnapshot, stillFor: Duration,
    silentFor: Duration, isGone: Bool, isHeld: Bool = false
  ) {
    self.rank = rank
    self.host = host
    self.process = process
    self.snapshot = snapshot
    self.stillFor = stillFor
    self.silentFor = silentFor
    self.isGone = isGone
    self.isHeld = isHeld
  }

  var isFinished: Bool { snapshot.header.condition == .finished }

  /// The collective that the rank waits in.
  var blocked: CollectiveEntry? { snapshot.blocked }

  func hasEntered(_ entry: CollectiveEntry) -> Bool {
    snapshot.count(stream: entry.stream) >= entry.number
  }

  /// `rank 2 (host b)`.
  var name: String { "rank \(rank) (host \(host))" }
}

extension Duration {
  /// Whole seconds, for example `120 s`; tenths below 10 s.
  var inSeconds: String {
    let seconds = self / .seconds(1)
    return seconds < 9.95 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
  }
}
