/// A table as Markdown.
struct MarkdownTable {
  private let header: [String]
  private let rightAlignedFrom: Int
  private var rows: [[String]] = []

  /// - Parameter rightAlignedFrom: index of the first right-aligned column.
  init(_ header: [String], rightAlignedFrom: Int = .max) {
    self.header = header
    self.rightAlignedFrom = rightAlignedFrom
  }

  mutating func append(_ row: [String]) { rows.append(row) }

  var text: String {
    let rule = header.indices.map { $0 < rightAlignedFrom ? "---" : "---:" }
    return ([header, rule] + rows).map { row in
      "| "
        + row.map { cell in
          // A bar would end the cell, and a line break would end the row.
          cell.replacing("|", with: "\\|").replacing("\n", with: " ")
        }.joined(separator: " | ") + " |"
    }.joined(separator: "\n")
  }
}
