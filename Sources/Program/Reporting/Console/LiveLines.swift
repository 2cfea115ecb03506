import Foundation

/// A few lines at the end of a terminal's output, which are overwritten in place.
///
/// The cursor rests at the beginning of the row below them, and is never hidden: a program that is
/// killed leaves the terminal as it should be, and what others print appears below the lines.
package struct LiveLines {
  /// Length of each line that is on the screen.
  private var drawn: [Int] = []

  package init() {}

  var isEmpty: Bool { drawn.isEmpty }

  /// The bytes that replace the lines.
  ///
  /// Each line is a list of parts; parts that do not fit are left out from the end, so no line wraps.
  package mutating func draw(_ lines: [[String]], columns: Int, rows: Int) -> String {
    let start = home(columns: columns)
    let fitted = lines.map { Self.fit($0, columns: columns - 1) }.filter { !$0.isEmpty }
      .prefix(max(rows - 1, 1))
    drawn = fitted.map(\.count)
    return start + fitted.map { "\($0)\u{1B}[K\n" }.joined() + "\u{1B}[J"
  }

  /// The bytes that remove the lines.
  package mutating func clear(columns: Int) -> String {
    guard !drawn.isEmpty else { return "" }
    defer { drawn = [] }
    return home(columns: columns) + "\u{1B}[J"
  }

  /// Moves the cursor to the first line.
  ///
  /// A window that has become narrower since has broken lines into several rows.
  private func home(columns: Int) -> String {
    let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(columns, 1)) }
    return "\r" + (rows > 0 ? "\u{1B}[\(rows)A" : "")
  }

  /// The time and the parts of a text that fit; without the time where it leaves no room.
  package static func fit(_ text: String, at time: String, columns: Int) -> String {
    let parts = text.components(separatedBy: "  ")
    let hasRoom = time.count + 2 + parts[0].count <= columns
    return fit((hasRoom ? [time] : []) + parts, columns: columns)
  }

  /// The parts that fit, joined by two spaces; of the first one as much as fits.
  package static func fit(_ parts: [String], columns: Int) -> String {
    guard let first = parts.first, columns > 0 else { return "" }
    var line = String(first.prefix(columns))
    for part in parts.dropFirst() where line.count + 2 + part.count <= columns {
      line += "  \(part)"
    }
    return line
  }
}
