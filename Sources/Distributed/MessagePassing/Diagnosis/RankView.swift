/// What one rank's watchdog sees of a rank.
package struct RankView: Sendable {
  let rank: Int
  let host: String
  let process: Int32
  let snapshot: LedgerSnapshot
  /// Since the rank last entered or left anything.
  let stillFor: Duration
  /// Since its watchdog last published anything.
  let silentFor: Duration
  /// Whether its process has ended without a word.
  let isGone: Bool

  package init(
    rank: Int, host: String, process: Int32, snapshot: LedgerSnapshot, stillFor: Duration,
    silentFor: Duration, isGone: Bool
  ) {
    self.rank = rank
    self.host = host
    self.process = process
    self.snapshot = snapshot
    self.stillFor = stillFor
    self.silentFor = silentFor
    self.isGone = isGone
  }

  var isFinished: Bool { snapshot.header.condition == .finished }

  /// The collective that the rank waits in.
  var blocked: CollectiveEntry? { snapshot.blocked }

  func hasEntered(_ entry: CollectiveEntry) -> Bool {
    snapshot.count(stream: entry.stream) >= entry.number
  }

  /// As messages name it: `rank 2 (host b)`.
  var name: String { "rank \(rank) (host \(host))" }
}

extension Duration {
  /// In whole seconds, as `120 s`, and in tenths below 10 s.
  var inSeconds: String {
    let seconds = self / .seconds(1)
    return seconds < 9.95 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
  }
}
