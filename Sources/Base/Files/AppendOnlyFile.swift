import Glibc

/// A text file that only grows, line by line; closed with the object.
public final class AppendOnlyFile: Sendable {
  public let path: String
  private let descriptor: Int32

  package init(_ path: String) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError("open", path) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether the file is now this process's alone, until it is closed; false if it is another's.
  ///
  /// Always true on a file system that has no locks.
  package func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK }

  /// Appends `line` and a newline with one write, so that a reader never sees half of a line that fits a page.
  public func append(line: String) throws(FileError) {
    let result = Array("\(line)\n".utf8).withUnsafeBytes { bytes in
      Result { () throws(FileError) in
        try FileSystem.write(bytes, descriptor: descriptor, path: path)
      }
    }
    try result.get()
  }

  /// Returns when all lines are on the disk.
  public func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError("sync", path) }
  }
}
