import Foundation
import Reporting
import TestFiles
import Testing

extension ProgramRuns {
  /// The documented formats of files, against the files that the program writes.
  @Suite struct FileFormatTests {
    @Test("every file has the documented members, and no other")
    func members() throws {
      let directory = try TemporaryDirectory()
      func run(_ words: [String], ranks: Int? = nil) throws {
        let outcome = try Program.run(words, ranks: ranks, in: directory)
        #expect(outcome.status == 0, "\(words): \(outcome)")
      }
      try run(
        [
          "train", "--run", "run", "--epochs", "2", "--curvature-every", "1", "--gradient-sum",
          "auto",
        ],
        ranks: 2)
      let files = ["--json", "j.json", "--csv", "c.csv", "--samples", "16"]
      var found: [String: [Any]] = [:]
      for command in ["evaluate", "curvature", "stability", "attack", "bound", "landscape"] {
        let outputs = command == "evaluate" ? ["--json", "j.json"] : files
        try run([command, "--model", "run"] + outputs)
        found["\(command) --json"] = [try Self.object(directory.text("j.json"))]
        if command != "evaluate" {
          found["\(command) --csv"] = Self.rows(try directory.text("c.csv"))
        }
      }
      let lines = try directory.text("run/metrics.jsonl").split(separator: "\n").map(String.init)
      func metrics(_ isMember: (String) -> Bool) throws -> [Any] {
        try lines.filter(isMember).map(Self.object)
      }
      found["metrics.jsonl, an epoch"] = try metrics { $0.contains("\"epoch/train-loss\"") }
      found["metrics.jsonl, a measurement of curvature"] = try metrics {
        $0.contains("\"curvature/samples\"")
      }
      found["metrics.jsonl, a step"] = try metrics { $0.contains("\"train/loss\"") }
      for file in ["timings.jsonl", "environment.jsonl"] {
        found[file] = try directory.text("run/\(file)").split(separator: "\n")
          .map { try Self.object(String($0)) }
      }
      found["checkpoints/step-…/state.json"] = [
        try Self.object(directory.text("run/checkpoints/step-00000046/state.json"))
      ]
      for format in FileFormat.all {
        guard let objects = found.removeValue(forKey: format.title) else { continue }
        #expect(!objects.isEmpty, "\(format.title)")
        for object in objects { Self.compare(object, with: format) }
      }
      #expect(found.isEmpty, "not documented: \(found.keys)")
    }

    @Test("every column of a CSV file has a meaning")
    func columns() {
      for format in FileFormat.all {
        for field in format.fields {
          #expect(field.meaning != "undocumented", "\(format.title): \(field.path)")
        }
      }
    }

    private static func object(_ text: String) throws -> Any {
      try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// The rows of a CSV file as objects; cells that are numbers become numbers.
    private static func rows(_ text: String) -> [Any] {
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

    private static func compare(_ object: Any, with format: FileFormat) {
      let members = flatten(object, "")
      for (path, value) in members {
        let field = format.fields.first { matches(path, $0.path) }
        guard let field else {
          Issue.record("\(format.title): \(path) is not documented")
          continue
        }
        #expect(
          value is NSNull ? field.isOptional : isOf(field.kind, value),
          "\(format.title): \(path) is \(value), documented as \(field.kind)")
      }
      for field in format.fields where !field.isOptional {
        #expect(
          members.contains { matches($0.path, field.path) },
          "\(format.title): \(field.path) is documented and not written")
      }
    }

    /// The members of nested objects with their paths; statistics and lists of scalars are whole.
    private static func flatten(_ value: Any, _ path: String) -> [(path: String, value: Any)] {
      func join(_ name: String) -> String { path.isEmpty ? name : "\(path) › \(name)" }
      if let object = value as? [String: Any] {
        let isWhole = object["p95"] != nil || object["hits"] != nil
        return isWhole ? [(path, object)] : object.flatMap { flatten($1, join($0)) }
      }
      if let list = value as? [Any], list.first is [String: Any] {
        return list.flatMap { flatten($0, path + "[]") }
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
}
