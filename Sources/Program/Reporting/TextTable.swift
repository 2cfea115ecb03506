import Failures
import Foundation

/// A table whose columns, except for the first few, are aligned to the right.
struct TextTable {
  private var rows: [[String]]
  private let leftAligned: Int

  /// - Parameter leftAligned: number of left-aligned columns.
  init(header: [String], leftAligned: Int = 1) {
    rows = [header]
    self.leftAligned = leftAligned
  }

  /// Appends a row; a cell's control characters, which a terminal would obey, become their numbers.
  mutating func append(_ row: [String]) { rows.append(row.map(\.withVisibleControls)) }

  var text: String {
    let widths = (rows.map(\.count).max() ?? 0)
    let columns = (0..<widths).map { column in
      rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: columns[column] - cell.count)
        // Lines have no trailing spaces.
        if column < leftAligned { return column + 1 < columns.count ? cell + padding : cell }
        return padding + cell
      }
      return cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// Formats four significant digits; a dash for nil.
  static func number(_ value: Double?) -> String {
    value.map { String(format: "%.4g", $0) } ?? "–"
  }
}
