import Files
import Foundation

/// What an attack has found so far, on disk slice by slice, so that a killed one goes on.
///
/// The first line holds the settings, each further line a slice's findings, appended and synced. A last line that
/// a kill has cut short is dropped. Only rank 0 has one.
public final class AttackState {
  /// A setting that results depend on, in words.
  public struct Setting: Codable, Sendable, Equatable {
    public let what: String
    public let value: String

    public init(_ what: String, _ value: String) {
      self.what = what
      self.value = value
    }
  }

  public let path: String
  /// The lines of findings that were there.
  public let lines: [String]
  private let file: AppendOnlyFile

  /// Begins a state, or goes on with that of the same settings.
  public init(_ path: String, settings: [Setting]) throws {
    self.path = path
    let stored = try Self.wholeLines(path)
    let first = try Self.text(settings)
    if let header = stored.first {
      try Self.compare(header, settings, path)
      lines = Array(stored.dropFirst())
    } else {
      lines = []
    }
    // Rewritten as a whole, since what follows a line that was cut short would continue it.
    let text = ([first] + lines).map { "\($0)\n" }.joined()
    try ResultFile(path).write(text)
    file = try AppendOnlyFile(path)
  }

  /// Appends lines of findings; they are on the disk when it returns.
  public func append(_ lines: [String]) throws {
    guard !lines.isEmpty else { return }
    try file.append(line: lines.joined(separator: "\n"))
    try file.sync()
  }

  /// Removes the file, once the results are written.
  public func remove() throws { try FileManager.default.removeItem(atPath: path) }

  private static func wholeLines(_ path: String) throws -> [String] {
    guard FileSystem.exists(path) else { return [] }
    let text = String(decoding: try InputFile.contents(of: path), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // What follows the last newline was cut short, if there is anything.
    return lines.dropLast().map(String.init)
  }

  private static func compare(_ header: String, _ settings: [Setting], _ path: String) throws {
    guard let stored = try? JSONDecoder().decode([Setting].self, from: Data(header.utf8)) else {
      throw AttackError.damagedState(path: path, line: 1)
    }
    for setting in settings {
      let found = stored.first { $0.what == setting.what }?.value
      if found != setting.value {
        throw AttackError.otherState(
          path: path, what: setting.what, stored: found ?? "unknown", asked: setting.value)
      }
    }
  }

  private static func text(_ settings: [Setting]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(settings), as: UTF8.self)
  }
}
