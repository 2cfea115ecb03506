import Failures
import Glibc

/// A failed system call on a path.
public struct FileError: Failure, Equatable, Sendable {
  /// What was attempted, as in `open` or `rename`.
  public let action: String
  public let path: String
  public let code: Int32

  package init(_ action: String, _ path: String, code: Int32 = errno) {
    self.action = action
    self.path = path
    self.code = code
  }

  public var exitStatus: ExitStatus { .writeFailed }

  public var description: String { "cannot \(action) \(path): \(String(cString: strerror(code)))" }
}

/// The few file operations that a run needs, each durable when it returns.
package enum FileSystem {
  /// Creates a directory and what is missing above it; an existing one is left as it is.
  package static func createDirectory(_ path: String) throws(FileError) {
    let parent = parent(of: path)
    var status = mkdir(path, 0o777)
    if status != 0 && errno == ENOENT, let parent {
      try createDirectory(parent)
      status = mkdir(path, 0o777)
    }
    guard status != 0 else {
      return try syncDirectory(parent ?? (path.hasPrefix("/") ? "/" : "."))
    }
    let code = errno
    guard code == EEXIST, isDirectory(path) else {
      throw FileError("create the directory", path, code: code)
    }
  }

  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a directory, sorted, without `.` and `..`.
  package static func entries(of path: String) throws(FileError) -> [String] {
    guard let directory = opendir(path) else { throw FileError("open the directory", path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Writes a new file, or replaces an old one's contents, and syncs it.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try OutputFile(path)
    try file.append(bytes)
    try file.sync()
  }

  /// Writes a file under a temporary name beside it and renames it: a reader sees all of it or the old one.
  package static func replace(_ path: String, by bytes: [UInt8]) throws(FileError) {
    let directory = directory(of: path)
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let partial = directory + (directory.hasSuffix("/") ? "" : "/") + ".\(name).partial"
    try write(bytes, to: partial)
    try rename(partial, to: path)
    try syncDirectory(directory)
  }

  /// Writes all of `bytes` at the descriptor's position.
  static func write(
    _ bytes: UnsafeRawBufferPointer, descriptor: Int32, path: String
  ) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileError("write", path) }
      written += count
    }
  }

  /// Syncs a directory, so that what was created or renamed in it survives a power failure.
  package static func syncDirectory(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("open the directory", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError("sync the directory", path) }
  }

  package static func rename(_ old: String, to new: String) throws(FileError) {
    guard Glibc.rename(old, new) == 0 else { throw FileError("rename \(old) to", new) }
  }

  /// Removes a directory and the files in it; a directory inside it is an error.
  package static func removeFlatDirectory(_ path: String) throws(FileError) {
    for name in try entries(of: path) {
      guard unlink("\(path)/\(name)") == 0 else { throw FileError("remove", "\(path)/\(name)") }
    }
    guard rmdir(path) == 0 else { throw FileError("remove", path) }
  }

  /// The directory that holds `path`.
  package static func directory(of path: String) -> String {
    parent(of: path) ?? (path.hasPrefix("/") ? "/" : ".")
  }

  /// The directory above `path`; none for a bare name or the root.
  package static func parent(of path: String) -> String? {
    var trimmed = Substring(path)
    while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    guard let slash = trimmed.lastIndex(of: "/"), slash != trimmed.startIndex else { return nil }
    return String(trimmed[..<slash])
  }
}
