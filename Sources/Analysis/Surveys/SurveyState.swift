import Files
import Foundation

/// Findings of a survey on disk, written piece by piece, so that an interrupted survey can be
/// resumed.
///
/// The first line holds the settings. Each further line holds some findings, and is
/// appended and synced. An incomplete last line is dropped. Only rank 0 has a state.
public final class SurveyState {
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
  ///
  /// The file is locked until it is closed, so that no other survey uses it meanwhile.
  public init(_ path: String, settings: [Setting]) throws {
    self.path = path
    file = try AppendOnlyFile(path)
    guard file.lock() else { throw SurveyError.stateInUse(path: path) }
    try file.requireInPlace()
    let (stored, byteCount) = try Self.wholeLines(path)
    if let header = stored.first { try Self.compare(header, settings, path) }
    lines = Array(stored.dropFirst())
    // An appended line would otherwise continue an incomplete last line.
    try file.truncate(to: byteCount)
    if stored.isEmpty {
      try file.append(line: try Self.text(settings))
      try file.sync()
    }
  }

  /// Appends lines of findings, and returns when they are on disk.
  public func append(_ lines: [String]) throws {
    guard !lines.isEmpty else { return }
    try file.requireInPlace()
    try file.append(line: lines.joined(separator: "\n"))
    try file.sync()
  }

  /// Removes the file after the results are written.
  public func remove() throws { try FileManager.default.removeItem(atPath: path) }

  /// The lines that end with a newline, and their bytes.
  private static func wholeLines(_ path: String) throws -> (lines: [String], byteCount: Int) {
    let bytes = try InputFile.contents(of: path)
    guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
      // A first line that was cut short is made again; any other text is not ours.
      guard bytes.isEmpty || bytes.starts(with: "[{".utf8) else {
        throw SurveyError.damagedState(path: path, line: 1)
      }
      return ([], 0)
    }
    let text = String(decoding: bytes[..<last], as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return (lines, last + 1)
  }

  private static func compare(_ header: String, _ settings: [Setting], _ path: String) throws {
    guard let stored = try? JSONDecoder().decode([Setting].self, from: Data(header.utf8)) else {
      throw SurveyError.damagedState(path: path, line: 1)
    }
    for setting in settings {
      let found = stored.first { $0.what == setting.what }?.value
      if found != setting.value {
        throw SurveyError.otherState(
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
