import ArgumentParser
import EmbeddedFiles
import Foundation

/// Completion of `--recipe`: names of built-in recipes, recipe files and folders.
enum RecipeCompletion {
  static let kind = CompletionKind.custom { _, _, prefix in candidates(for: prefix) }

  static func candidates(for prefix: String) -> [String] {
    let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
    let place = folder.isEmpty ? "." : folder
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    let files = entries.sorted().map { folder + $0 }.compactMap { path -> String? in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if isFolder.boolValue { return "\(path)/" }
      return [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) } ? path : nil
    }
    return (EmbeddedFiles.recipes.map(\.name) + files).filter { $0.hasPrefix(prefix) }
  }
}
