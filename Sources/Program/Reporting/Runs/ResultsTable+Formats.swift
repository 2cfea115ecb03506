import Curvature
import Foundation

extension ResultsTable {
  public enum Format: String, CaseIterable, Sendable { case text, markdown, csv }

  public func formatted(as format: Format) -> String {
    switch format {
    case .text:
      parts.map { part in
        var table = TextTable(header: header(part))
        for row in rows { table.append(cells(row, part)) }
        return (captions(part) + [table.text]).joined(separator: "\n")
      }.joined(separator: "\n\n")
    case .markdown:
      parts.map { part in
        var table = MarkdownTable(header(part), rightAlignedFrom: 1)
        for row in rows { table.append(cells(row, part)) }
        return (captions(part) + ["", table.text]).joined(separator: "\n")
      }.joined(separator: "\n\n")
    case .csv:
      csv
    }
  }

  /// Tables that have at least one column.
  private var parts: [Column.Part] {
    [.geometry, .robustness].filter { part in columns.contains { $0.part == part } }
  }

  private func header(_ part: Column.Part) -> [String] {
    ["", "seeds"] + columns.filter { $0.part == part }.map(\.title)
  }

  private func cells(_ row: Row, _ part: Column.Part) -> [String] {
    [row.title, "\(row.seeds.count)"]
      + columns.filter { $0.part == part }.map { cell(row.statistics($0), $0.scale) }
  }

  /// Formats mean ± standard error; a single seed has no error.
  private func cell(_ statistics: SampleStatistics?, _ scale: Column.Scale) -> String {
    guard let statistics else { return "–" }
    let (form, errorForm, factor) =
      switch scale {
      case .plain: ("%.4g", "%.2g", 1.0)
      case .percent: ("%.2f", "%.2f", 100.0)
      }
    let mean = String(format: form, factor * statistics.mean)
    guard let error = statistics.standardError else { return mean }
    return "\(mean) ± \(String(format: errorForm, factor * error))"
  }

  /// Both tables as CSV, one line per row.
  ///
  /// Numbers are unrounded, shares are fractions of 1 rather than percent, and missing numbers are
  /// empty.
  private var csv: String {
    let header = ["arm", "settings", "seeds"] + columns.flatMap { [$0.name, "\($0.name)-error"] }
    let lines = rows.map { row in
      let numbers = columns.flatMap { column in
        let statistics = row.statistics(column)
        return [statistics?.mean, statistics?.standardError].map { $0.map { "\($0)" } ?? "" }
      }
      let settings = row.settings.joined(separator: "; ")
      return [row.arm.rawValue, "\"\(settings)\"", "\(row.seeds.count)"] + numbers
    }
    return ([header] + lines).map { $0.joined(separator: ",") }.joined(separator: "\n")
  }
}
