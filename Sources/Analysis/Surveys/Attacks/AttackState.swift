import Files
import Foundation

/// Findings of an attack on disk, written slice by slice, so that an interrupted attack can be
/// resumed.
///
/// The first line holds the settings. Each further line holds the findings of one slice, and is
/// appended and synced. An incomplete last line is dropped. Only rank 0 has a state.
public final class AttackState {
  /// Name and value of a setting that results depend on.
  public struct Setting: Codable, Sendable, Equatable {
    public let what: String
    public let value: String

    public init(_ what: String, _ value: String) {
      self.what = what
      self.value = value
    }
  }

  public let path: String
  /// Lines of findings that the file contained when it was opened.
  public let lines: [String]
  private let file: AppendOnlyFile

  /// Creates a state, or opens an existing one, whose settings must be equal.
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
    // The file is rewritten, since an appended line would otherwise continue an incomplete last
    // line.
    let text = ([first] + lines).map { "\($0)\n" }.joined()
    try ResultFile(path).write(text)
    file = try AppendOnlyFile(path)
  }

  /// Appends lines of findings, and returns when they are on disk.
  public func append(_ lines: [String]) throws {
    guard !lines.isEmpty else { return }
    try file.append(line: lines.joined(separator: "\n"))
    try file.sync()
  }

  /// Removes the file after the results are written.
  public func remove() throws { try FileManager.default.removeItem(atPath: path) }

  private static func wholeLines(_ path: String) throws -> [String] {
    guard FileSystem.exists(path) else { return [] }
    let text = String(decoding: try InputFile.contents(of: path), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // Text after the last newline is an incomplete line.
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
