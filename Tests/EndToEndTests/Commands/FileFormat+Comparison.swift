import Foundation
import Reporting
import Testing

/// The comparison of a documented format with what the program has written.
extension FileFormat {
  /// The format of this title.
  static func named(_ title: String) throws -> FileFormat {
    try #require(files.first { $0.title == title }, "\(title) is not documented")
  }

  /// An object, or a list of them, as JSON text holds it.
  static func object(_ text: some StringProtocol) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  /// The rows of a CSV file as objects; cells that are numbers become numbers.
  static func rows(_ text: String) -> [Any] {
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { cells in
      Dictionary(
        uniqueKeysWithValues: zip(lines[0], cells).map { name, cell -> (String, Any) in
          (name, cell.isEmpty ? NSNull() : Double(cell).map { $0 as Any } ?? cell)
        })
    }
  }

  /// Expects the object to have the documented members, and no other.
  func compare(with object: Any) {
    let wholes = Set(fields.filter { $0.kind == .object }.map(\.path))
    let members = Self.flatten(object, "", wholes: wholes)
    for (path, value) in members {
      guard let field = fields.first(where: { Self.matches(path, $0.path) }) else {
        Issue.record("\(title): \(path) is not documented")
        continue
      }
      #expect(
        value is NSNull ? field.isOptional : Self.isOf(field.kind, value),
        "\(title): \(path) is \(value), documented as \(field.kind)")
    }
    for field in fields where !field.isOptional {
      #expect(
        members.contains { Self.matches($0.path, field.path) },
        "\(title): \(field.path) is documented and not written")
    }
  }

  /// The members of nested objects with their paths; statistics and lists of scalars are whole.
  private static func flatten(
    _ value: Any, _ path: String, wholes: Set<String>
  ) -> [(path: String, value: Any)] {
    func join(_ name: String) -> String { path.isEmpty ? name : "\(path) › \(name)" }
    if let object = value as? [String: Any] {
      let isWhole = wholes.contains(path) || object["p95"] != nil || object["hits"] != nil
      return isWhole ? [(path, object)] : object.flatMap { flatten($1, join($0), wholes: wholes) }
    }
    if let list = value as? [Any], list.first is [String: Any] {
      return list.flatMap { flatten($0, path + "[]", wholes: wholes) }
    }
    return [(path, value)]
  }

  /// Whether a path is one that a documented path, with placeholders in capitals, stands for.
  private static func matches(_ path: String, _ pattern: String) -> Bool {
    let (parts, patterns) = (path.split(separator: " › "), pattern.split(separator: " › "))
    guard parts.count == patterns.count else { return false }
    return zip(parts, patterns).allSatisfy { part, pattern in
      if part == pattern { return true }
      let text = NSRegularExpression.escapedPattern(for: String(pattern))
      let expression = text.replacing(/[A-Z]{4,}/, with: ".+")
      return expression != text
        && String(part).range(of: "^\(expression)$", options: .regularExpression) != nil
    }
  }

  private static func isOf(_ kind: FileFormat.Kind, _ value: Any) -> Bool {
    switch kind {
    case .text: value is String
    case .boolean: value is Bool
    case .value: true
    case .object: value is [String: Any]
    case .number: value is Double
    case .integer: (value as? Double).map { $0 == $0.rounded() } ?? false
    case .integers: value is [Int]
    case .numbers: value is [Double]
    case .texts: value is [String]
    case .statistics: has(FileFormat.statistics, value)
    case .proportion: has(FileFormat.proportion, value)
    }
  }

  private static func has(_ format: FileFormat, _ value: Any) -> Bool {
    (value as? [String: Any]).map { Set($0.keys) == Set(format.fields.map(\.path)) } ?? false
  }
}
