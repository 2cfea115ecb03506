import Foundation

/// A rank's ledger as text, for people: what it was in, and its last collectives.
struct LedgerDump: CustomStringConvertible {
  let rank: Int
  let size: Int
  let host: String
  let process: Int32
  let snapshot: LedgerSnapshot
  let diagnosis: String?

  /// One line about where the rank is.
  var headline: String {
    let programPoint = snapshot.blocked.map { "in \($0)" } ?? "in “\(snapshot.programPoint)”"
    return "rank \(rank) of \(size) (host \(host), process \(process)): \(programPoint) for "
      + snapshot.header.stillFor.inSeconds
  }

  var description: String {
    var lines = [headline]
    if let diagnosis { lines.append("diagnosis: \(diagnosis)") }
    lines.append("the last \(snapshot.entries.count) collectives, oldest first:")
    lines.append("stream  number    entered/s    took/ms  what")
    for entry in snapshot.entries {
      let took = entry.left.map { String(format: "%10.3f", Double($0 - entry.entered) / 1e6) }
      lines.append(
        String(format: "%6d %7d %12.6f ", entry.stream, entry.number, Double(entry.entered) / 1e9)
          + "\(took ?? " is in it")  \(entry.what)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes `rank-0003.txt` into `directory`, which is made if it is missing, and answers its path.
  func write(into directory: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let path = "\(directory)/rank-\(paddedRank(rank)).txt"
    try Data(description.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }
}
