/// Reason why ranks cannot go on together, which the description states in one sentence.
package enum Diagnosis: Equatable, Sendable {
  /// One side of a disagreement.
  package struct Side: Equatable, Sendable {
    let rank: Int
    let host: String
    let entry: CollectiveEntry

    init(_ view: RankView, _ entry: CollectiveEntry) {
      (rank, host, self.entry) = (view.rank, view.host, entry)
    }

    var name: String { "rank \(rank) (host \(host))" }

    /// `an allreduce of 33 doubles on rank 0 (host a) in “step 3, forward, batch norm 3”`.
    var what: String {
      let article = entry.action.first.map("aeiou".contains) == true ? "an" : "a"
      return "\(article) \(entry.action) on \(name) in “\(entry.location)”"
    }
  }

  /// A rank for which others wait.
  package struct Missing: Equatable, Sendable {
    let rank: Int
    let host: String
    let process: Int32
    let programPoint: ProgramPoint
    let stillFor: Duration
    let isSilent: Bool
  }

  /// The first collective in which two ranks differ.
  case mismatch(Side, Side)
  /// Two ranks differ in a collective that no ledger holds any more; these are later ones.
  case oldMismatch(Side, Side)
  /// Two ranks wait in different collectives, which the other has not entered.
  case crossed(Side, Side)
  case missing([Missing], from: CollectiveEntry, waiting: [Int])
  case gone(Missing)
  /// All ranks have entered the collective, and none leaves it.
  case stuck(CollectiveEntry, for: Duration, silent: [Missing], unseen: [Int], hosts: Int)
}

extension Diagnosis {
  /// The collective in which ranks wait, if there is one.
  var collective: CollectiveEntry? {
    switch self {
    case .missing(_, let entry, _), .stuck(let entry, _, _, _, _): entry
    case .mismatch, .oldMismatch, .crossed, .gone: nil
    }
  }
}

extension Diagnosis: CustomStringConvertible {
  package var description: String {
    switch self {
    case .mismatch(let a, let b):
      "ranks make different collectives: \(a.entry.name) is \(a.what), but \(b.what)"
    case .oldMismatch(let a, let b):
      "ranks have made different collectives, longer ago than their ledgers reach; since then "
        + "\(a.entry.name) was \(a.what), and \(b.entry.name) \(b.what)"
    case .crossed(let a, let b):
      "ranks wait for one another: \(a.name) in \(a.entry), which rank \(b.rank) has not entered, "
        + "and \(b.name) in \(b.entry), which rank \(a.rank) has not entered"
    case .missing(let missing, let entry, let waiting):
      Self.worded(missing, entry, waiting)
    case .gone(let missing):
      "\(missing.name) exited without finalizing MPI; it was last seen in "
        + "\(missing.programPoint)"
    case .stuck(let entry, let time, let silent, let unseen, let hosts):
      "no rank has left \(entry) for \(time.inSeconds), which all ranks "
        + (unseen.isEmpty
          ? "have entered"
          : "that can be seen from here have entered; \(Self.list(unseen)) cannot be seen")
        + (silent.isEmpty
          ? hosts > 1 || !unseen.isEmpty ? "; the network between the hosts may be down" : ""
          : "; " + Self.named(silent))
    }
  }

  /// Largest number of ranks that a message names; it counts the others.
  private static let longestList = 4

  private static func worded(
    _ missing: [Missing], _ entry: CollectiveEntry, _ waiting: [Int]
  ) -> String {
    let wait = "in which \(list(waiting)) \(waiting.count == 1 ? "waits" : "wait")"
    if missing.count == 1 {
      return "\(missing[0].name) has not entered \(entry), \(wait); it \(missing[0].whereabouts)"
    }
    return "\(list(missing.map(\.rank))) have not entered \(entry), \(wait): \(named(missing))"
  }

  private static func named(_ missing: [Missing]) -> String {
    missing.prefix(longestList).map { "\($0.name) \($0.whereabouts)" }.joined(separator: ", ")
      + (missing.count > longestList ? ", and so on" : "")
  }

  private static func list(_ ranks: [Int]) -> String {
    if ranks.count == 1 { return "rank \(ranks[0])" }
    let named = ranks.prefix(longestList).map(String.init)
    let rest = ranks.count - named.count
    return rest > 0
      ? "ranks \(named.joined(separator: ", ")) and \(rest) more"
      : "ranks \(named.dropLast().joined(separator: ", ")) and \(named[named.count - 1])"
  }
}

extension Diagnosis.Missing {
  init(_ view: RankView, isSilent: Bool) {
    self.init(
      rank: view.rank, host: view.host, process: view.process,
      programPoint: view.snapshot.programPoint,
      stillFor: isSilent ? view.silentFor : view.stillFor, isSilent: isSilent)
  }

  var name: String { "rank \(rank) (host \(host), process \(process))" }

  var whereabouts: String {
    isSilent
      ? "has given no sign of life for \(stillFor.inSeconds) and was last seen in “\(programPoint)”"
      : "has been in “\(programPoint)” for \(stillFor.inSeconds)"
  }
}
