import Files
import Foundation

/// The system files and environment variables that facts are read from.
///
/// Tests give it a folder with files of their own.
public struct Machine: Sendable {
  /// Folder that stands for `/`, without a slash at its end.
  public let root: String
  public let environment: [String: String]

  public init(root: String = "", environment: [String: String]) {
    self.root = root
    self.environment = environment
  }

  /// The content of a file; nil if it cannot be read.
  func text(_ path: String) -> String? { SystemFile.text(root + path) }

  /// The names in a folder; none if it cannot be read.
  func entries(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + path)) ?? []).sorted()
  }

  /// The number behind each name in a file of lines such as `MemAvailable:  123 kB`; nil where it has none.
  func numbers(_ names: [String], in path: String) -> [Int?] {
    let lines = text(path)?.split(separator: "\n") ?? []
    return names.map { name in
      lines.first { $0.hasPrefix(name) }?.dropFirst(name.count)
        .split(whereSeparator: { $0 == ":" || $0.isWhitespace }).first.flatMap { Int($0) }
    }
  }

  /// The target of a symbolic link.
  func link(_ path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: root + path)
  }

  /// Free and total bytes, and free files, of the file system of a path.
  func space(_ path: String) -> FileSystemSpace? {
    var found = statvfs()
    guard statvfs(root + path, &found) == 0 else { return nil }
    let block = Int(found.f_frsize)
    return FileSystemSpace(
      freeBytes: Int(found.f_bavail) * block, totalBytes: Int(found.f_blocks) * block,
      freeFiles: found.f_files == 0 ? nil : Int(found.f_favail))
  }
}

/// The room on a file system.
public struct FileSystemSpace: Codable, Equatable, Sendable {
  public var freeBytes: Int
  public var totalBytes: Int
  /// Number of files that can be made; nil where the file system has no such limit.
  public var freeFiles: Int?

  package init(freeBytes: Int, totalBytes: Int, freeFiles: Int?) {
    self.freeBytes = freeBytes
    self.totalBytes = totalBytes
    self.freeFiles = freeFiles
  }
}
