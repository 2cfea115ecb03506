import Foundation

/// The ledger of a rank as text: its point of the program, and its last collectives.
struct LedgerDump: CustomStringConvertible {
  let rank: Int
  let size: Int
  let host: String
  let process: Int32
  let snapshot: LedgerSnapshot
  let diagnosis: String?
  /// The stacks of the process's threads.
  let stacks: String

  /// One line with the rank, its host and process, and its point of the program.
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
          + "\(took ?? " is in it")  \(entry.details)")
    }
    if !stacks.isEmpty { lines.append(stacks) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes a file such as `rank-0003.txt` into `directory`, and returns its path.
  ///
  /// Makes the directory if it is missing.
  func write(into directory: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let path = "\(directory)/rank-\(paddedRank(rank)).txt"
    try Data(description.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }
}
