import Foundation

/// The files of the repository that the tests were built from.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The catalog of the documentation.
  static let catalog = "Sources/Program/lcnn-dist/Documentation.docc"

  /// Folders at the top that hold no sources: builds, and what a user's runs have written.
  private static let foreignFolders: Set = ["runs", "logs"]

  /// Paths of all files, relative to the root; of folders that begin with a dot only `.github` and `.ci`.
  static let files: [String] = {
    let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    let kept = top.filter { name in
      (!name.hasPrefix(".") || name == ".github" || name == ".ci")
        && !foreignFolders.contains(name)
    }
    return kept.flatMap { name -> [String] in
      guard isFolder(name) else { return [name] }
      let below = (try? FileManager.default.subpathsOfDirectory(atPath: url(name).path)) ?? []
      return below.map { "\(name)/\($0)" }
    }.filter { !isFolder($0) }.sorted()
  }()

  /// Every Markdown document.
  static let documents: [MarkdownDocument] = files.filter { $0.hasSuffix(".md") }.map { path in
    MarkdownDocument(path: path, text: (try? text(of: path)) ?? "")
  }

  /// The pages of the catalog, by name.
  static let pages: [String: MarkdownDocument] = Dictionary(
    uniqueKeysWithValues: documents.filter { $0.path.hasPrefix(catalog) }.map { ($0.name, $0) })

  static func url(_ path: String) -> URL { root.appendingPathComponent(path) }

  static func text(of path: String) throws -> String {
    try String(contentsOf: url(path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: url(path).path)
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url(path).path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
