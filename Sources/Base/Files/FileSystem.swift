import Failures
import Glibc

/// A failed system call on a path.
public struct FileError: Failure, Equatable, Sendable {
  /// Attempted operation, for example `open` or `rename`.
  public let action: String
  public let path: String
  /// The system's error number.
  public let code: Int32
  /// Whether the file is one that the program only reads.
  public let isInput: Bool

  package init(_ action: String, _ path: String, code: Int32, isInput: Bool = false) {
    self.action = action
    self.path = path
    self.code = code
    self.isInput = isInput
  }

  public var exitStatus: ExitStatus {
    switch code {
    case ENOMEM, EMFILE, ENFILE: .outOfMemory
    default: isInput ? .unusableInput : .writeFailed
    }
  }

  public var description: String { "cannot \(action) \(path): \(String(cString: strerror(code)))" }
}

/// The file operations that a run needs; each is durable when it returns.
package enum FileSystem {
  /// mkdir(2), for `path` and for the directories above it that are missing.
  ///
  /// An existing directory is left as it is.
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

  /// mkdir(2): whether this call has created `path`; false if there is a file of that name.
  package static func createNewDirectory(_ path: String) throws(FileError) -> Bool {
    if mkdir(path, 0o777) == 0 {
      try syncDirectory(directory(of: path))
      return true
    }
    let code = errno
    guard code == EEXIST else { throw FileError("create the directory", path, code: code) }
    return false
  }

  /// stat(2): whether `path` is a directory.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// access(2): whether there is a file of any kind at `path`.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// lstat(2): whether there is a file or a link at `path`.
  package static func lexists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// readlink(2): the text of a link; nil where there is none.
  static func linkTarget(of path: String) -> String? {
    let longest = Int(PATH_MAX)
    var bytes = [CChar](repeating: 0, count: longest)
    let count = readlink(path, &bytes, longest)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// readdir(3): the names in a directory, sorted, without `.` and `..`.
  package static func entries(of path: String) throws(FileError) -> [String] {
    guard let directory = opendir(path) else {
      throw FileError("open the directory", path, code: errno, isInput: true)
    }
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

  /// Writes a new file, or replaces the contents of an old one, and syncs it.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try OutputFile(path)
    try file.append(bytes)
    try file.sync()
  }

  /// The name that ``replace(_:by:)`` gives a file until all of it is on the disk.
  package static func partialName(of name: String) -> String { ".\(name).partial" }

  /// Writes a file under a temporary name beside it and renames it.
  ///
  /// A reader sees the whole new file or the old one.
  package static func replace(_ path: String, by bytes: [UInt8]) throws(FileError) {
    let directory = directory(of: path)
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let partial = directory + (directory.hasSuffix("/") ? "" : "/") + partialName(of: name)
    // A killed process may have left a file there, or somebody may have put a link.
    if lexists(partial) { try removeFile(partial) }
    do throws(FileError) {
      let file = try OutputFile(new: partial)
      try file.append(bytes)
      try file.sync()
    } catch {
      try? removeFile(partial)
      throw error
    }
    try rename(partial, to: path)
    try syncDirectory(directory)
  }

  /// write(2), until all of `bytes` are written at the descriptor's position.
  static func write(
    _ bytes: UnsafeRawBufferPointer, descriptor: Int32, path: String
  ) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      written += try check("write", path) { Glibc.write(descriptor, rest.baseAddress, rest.count) }
    }
  }

  /// fsync(2) of a directory: what was created or renamed in it survives a power failure.
  package static func syncDirectory(_ path: String) throws(FileError) {
    let descriptor = try check("open the directory", path) {
      open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { close(descriptor) }
    _ = try check("sync the directory", path) { fsync(descriptor) }
  }

  /// rename(2).
  package static func rename(_ old: String, to new: String) throws(FileError) {
    _ = try check("rename \(old) to", new) { Glibc.rename(old, new) }
  }

  /// unlink(2).
  package static func removeFile(_ path: String) throws(FileError) {
    _ = try check("remove", path) { unlink(path) }
  }

  /// unlink(2) of the files in a directory, and rmdir(2); a directory inside it is an error.
  ///
  /// Of a link only itself is removed, and likewise a file in the directory's place.
  package static func removeFlatDirectory(_ path: String) throws(FileError) {
    var status = stat()
    _ = try check("remove", path) { lstat(path, &status) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return try removeFile(path) }
    for name in try entries(of: path) {
      _ = try check("remove", "\(path)/\(name)") { unlink("\(path)/\(name)") }
    }
    _ = try check("remove", path) { rmdir(path) }
  }

  /// The result of a system call that reports failure by a negative number.
  ///
  /// Repeats the call if a signal has interrupted it (EINTR).
  static func check<Result: SignedInteger>(
    _ action: String, _ path: String, isInput: Bool = false, _ call: () -> Result
  ) throws(FileError) -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      let code = errno
      if code != EINTR { throw FileError(action, path, code: code, isInput: isInput) }
    }
  }

  /// The directory that holds `path`.
  package static func directory(of path: String) -> String {
    parent(of: path) ?? (path.hasPrefix("/") ? "/" : ".")
  }

  /// The directory above `path`; nil for a bare name or the root.
  package static func parent(of path: String) -> String? {
    var trimmed = Substring(path)
    while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    guard let slash = trimmed.lastIndex(of: "/"), slash != trimmed.startIndex else { return nil }
    return String(trimmed[..<slash])
  }
}
