import Checkpoints
import Files

/// `metrics.csv`: the lines of `metrics.jsonl` as rows, for programs that read tables.
///
/// A cell is empty where the line has no such member, and `nan` where its value is not finite. A
/// line with new members widens the header, which happens a few times in a run; rows above it end
/// early.
final class MetricsTable {
  private let path: String
  private var file: AppendOnlyFile
  private var columns = Columns()

  /// Makes the table of the lines that `metrics.jsonl` has, so that a resumed run's file equals an
  /// uninterrupted one's.
  init(of run: RunDirectory) throws {
    path = run.path(of: .metricsTable)
    let metrics = run.path(of: .metrics)
    let lines =
      FileSystem.exists(metrics)
      ? String(decoding: try InputFile.contents(of: metrics), as: UTF8.self).split(separator: "\n")
      : []
    var columns = Columns()
    let rows = lines.map { line in
      let values = Self.members(of: line)
      _ = columns.widen(values.map(\.key))
      return columns.row(values)
    }
    self.columns = columns
    try FileSystem.replace(path, by: Array(columns.text(rows).utf8))
    file = try AppendOnlyFile(path)
  }

  /// Appends a row.
  func write(_ values: [(key: String, value: MetricValue)]) throws {
    let cells = values.map { ($0.key, Self.cell($0.value)) }
    if columns.widen(values.map(\.key)) {
      let text = String(decoding: try InputFile.contents(of: path), as: UTF8.self)
      let rows = text.split(separator: "\n").dropFirst().map(String.init)
      try FileSystem.replace(path, by: Array(columns.text(rows).utf8))
      file = try AppendOnlyFile(path)
    }
    try file.append(line: columns.row(cells))
  }

  /// The header, which grows.
  private struct Columns {
    private var names: [String] = []
    private var places: [String: Int] = [:]

    /// Adds the columns that are new; returns whether there are any.
    mutating func widen(_ keys: [String]) -> Bool {
      let new = keys.filter { places[$0] == nil }
      for key in new {
        places[key] = names.count
        names.append(key)
      }
      return !new.isEmpty
    }

    func row(_ values: [(key: String, cell: String)]) -> String {
      var cells: [String] = []
      for (key, cell) in values {
        guard let place = places[key] else { continue }
        while cells.count <= place { cells.append("") }
        cells[place] = cell
      }
      return cells.joined(separator: ",")
    }

    func text(_ rows: [String]) -> String {
      names.isEmpty ? "" : ([names.joined(separator: ",")] + rows).map { "\($0)\n" }.joined()
    }
  }

  private static func cell(_ value: MetricValue) -> String {
    switch value {
    case .absent: ""
    case .integer(let number): "\(number)"
    case .number(let number): number.isFinite ? "\(number)" : "nan"
    }
  }

  /// Names and cells of a line that ``MetricsFile`` has written, in their order.
  private static func members(of line: Substring) -> [(key: String, cell: String)] {
    let body = line.dropFirst().dropLast()
    let parts = body.split(separator: ", \"nonfinite\": [", maxSplits: 1)
    let nonfinite =
      parts.count > 1
      ? Set(parts[1].dropLast().split(separator: ", ").map { String($0.dropFirst().dropLast()) })
      : []
    return (parts.first ?? "").split(separator: ", ").compactMap { member in
      let sides = member.split(separator: ": ", maxSplits: 1)
      guard sides.count == 2 else { return nil }
      let key = String(sides[0].dropFirst().dropLast())
      guard key != "schema" else { return nil }
      return (key, nonfinite.contains(key) ? "nan" : sides[1] == "null" ? "" : String(sides[1]))
    }
  }
}
