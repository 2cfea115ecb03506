import Failures
import Foundation

/// Something that happens during a command: a line of text for people, fields for programs.
package struct ConsoleEvent {
  package enum Field {
    case integer(Int)
    /// Written as null if it is not finite.
    case number(Double)
    case text(String)
  }

  let name: String
  package let text: String
  let fields: [(key: String, value: Field)]

  package init(_ name: String, _ text: String, _ fields: [(key: String, value: Field)] = []) {
    self.name = name
    self.text = text.withVisibleControls
    self.fields = fields
  }

  /// One JSON object: `time`, `event`, then the fields, or the text where there are none.
  package func json(at time: Date) -> String {
    let fields = fields.isEmpty ? [("message", .text(text))] : fields
    let members =
      [("time", Field.text(ConsoleTime.text(time))), ("event", .text(name))] + fields
    return "{" + members.map { "\"\($0)\": \(Self.json($1))" }.joined(separator: ", ") + "}"
  }

  private static func json(_ value: Field) -> String {
    switch value {
    case .integer(let number): "\(number)"
    case .number(let number): number.isFinite ? "\(number)" : "null"
    case .text(let text): quoted(text)
    }
  }

  /// A string of JSON; control characters, which the encoder escapes only in part, are escaped.
  private static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let text = (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    return text.replacing(/[\u{7f}-\u{9f}]/) { match in
      match.output.unicodeScalars.map { "\\u00\(String($0.value, radix: 16))" }.joined()
    }
  }
}

/// Messages as JSON, for the other outputs of a command.
public enum ConsoleMessage {
  /// One JSON object: `time`, `event`, then the fields.
  public static func json(
    _ event: String, _ fields: [(key: String, value: String)], at time: Date
  ) -> String {
    ConsoleEvent(event, "", fields.map { ($0.key, .text($0.value)) }).json(at: time)
  }
}

/// Times as messages show them.
package enum ConsoleTime {
  /// UTC, in the form of ISO 8601, to the second.
  static func text(_ time: Date) -> String {
    let formatter = ISO8601DateFormatter()
    return formatter.string(from: time)
  }

  /// The local time of the day.
  static func ofDay(_ time: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "HH:mm:ss"
    return formatter.string(from: time)
  }

  /// A duration such as 0:07 or 12:05:00.
  package static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e8 else { return "?" }
    let seconds = Int(max(seconds, 0).rounded())
    return seconds >= 3600
      ? String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
      : String(format: "%d:%02d", seconds / 60, seconds % 60)
  }
}
