import Foundation

/// The source files of the package.
enum SourceTree {
  /// The folder of `Package.swift`.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardized.path(percentEncoded: false)

  /// Paths, relative to the package, of the source files below a folder of it.
  static func files(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").sorted()
      .filter { path in [".swift", ".c", ".h"].contains { path.hasSuffix($0) } }
      .map { "\(folder)/\($0)" }
  }

  static func text(of file: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8)
  }

  /// The modules that a Swift text imports.
  static func imports(in text: String) -> Set<String> {
    let declaration =
      #/^ *(?:@\w+(?:\(\w+\))? +)*(?:(?:public|package|internal|fileprivate|private) +)?import +(?:(?:struct|class|enum|protocol|typealias|func|let|var) +)?(\w+)/#
      .anchorsMatchLineEndings()
    return Set(text.matches(of: declaration).map { String($0.1) })
  }

  /// The names of the headers that a C text includes.
  static func includes(in text: String) -> Set<String> {
    let directive = #/^# *include +["<]([^">]+)[">]/#.anchorsMatchLineEndings()
    return Set(text.matches(of: directive).map { String($0.1) })
  }
}
