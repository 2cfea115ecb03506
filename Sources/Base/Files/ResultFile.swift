import Glibc

/// A file that is written once, at the end of a computation, and whose path is checked before it.
public struct ResultFile: Equatable, Sendable {
  public let path: String

  /// Refuses a directory, and a path that cannot be written.
  public init(_ path: String) throws(FileError) {
    self.path = path
    if path.isEmpty { throw FileError("write", path, code: ENOENT) }
    if path.hasSuffix("/") || FileSystem.isDirectory(path) {
      throw FileError("write", path, code: EISDIR)
    }
    let directory = FileSystem.directory(of: path)
    _ = try FileSystem.check("write", path) { access(directory, W_OK) }
    guard FileSystem.isDirectory(directory) else {
      throw FileError("write", path, code: ENOTDIR)
    }
  }

  /// A file in a folder that is made if it is missing.
  public init(folder: String, _ name: String) throws(FileError) {
    try FileSystem.createDirectory(folder)
    try self.init("\(folder)/\(name)")
  }

  /// Writes the file, or replaces an old one, atomically.
  public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  /// Writes the file, or replaces an old one, atomically.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    try FileSystem.replace(path, by: bytes)
  }
}
