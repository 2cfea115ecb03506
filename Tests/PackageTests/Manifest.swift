import Foundation
import TestFiles

/// `Package.swift`, as SwiftPM reads it.
struct Manifest: Decodable {
  let targets: [Target]

  struct Target: Decodable {
    let name: String
    let type: String
    private let path: String?
    private let exclude: [String]
    /// One entry each, such as {"byName": ["Layers", null]} or {"product": ["Yams", "Yams", null, null]}.
    private let dependencies: [[String: [String?]]]

    /// The folder of the target, relative to the package.
    var folder: String { path ?? "Tests/\(name)" }

    /// The modules that the target declares to import; a product is named like its only module.
    var declared: [String] {
      dependencies.flatMap(\.values).compactMap { $0.first ?? nil }.map(Self.module)
    }

    /// The name by which files import the target.
    var module: String { Self.module(name) }

    /// An identifier has no hyphen.
    private static func module(_ name: String) -> String {
      name.replacingOccurrences(of: "-", with: "_")
    }

    /// Paths of the source files, relative to the package.
    var files: [String] {
      get throws {
        let excluded = exclude.map { "\(folder)/\($0)/" }
        return try SourceTree.files(in: folder).filter { file in
          !excluded.contains { file.hasPrefix($0) }
        }
      }
    }
  }

  /// The output of `swift package dump-package`, with a scratch folder of its own: that of the package is
  /// locked while `swift test` runs.
  static func dump() throws -> Manifest {
    let scratch = try TemporaryDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "swift", "package", "--package-path", SourceTree.root, "--scratch-path", scratch.path,
      "dump-package",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Manifest.self, from: text)
  }
}
