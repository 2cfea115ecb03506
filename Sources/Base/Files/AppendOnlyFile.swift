import Glibc

/// A text file that only grows, line by line; closed with the object.
public final class AppendOnlyFile: Sendable {
  public let path: String
  private let descriptor: Int32

  /// open(2): creates the file, or keeps the lines of an old one.
  package init(_ path: String) throws(FileError) {
    descriptor = try FileSystem.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    }
    self.path = path
  }

  deinit { close(descriptor) }

  /// flock(2): whether this process alone may use the file until it is closed.
  ///
  /// Always true on a file system without locks.
  package func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK }

  /// Appends `line` and a newline by one write(2): a reader never sees half of a line that fits a
  /// page.
  public func append(line: String) throws(FileError) {
    let result = Array("\(line)\n".utf8).withUnsafeBytes { bytes in
      Result { () throws(FileError) in
        try FileSystem.write(bytes, descriptor: descriptor, path: path)
      }
    }
    try result.get()
  }

  /// fsync(2): returns when all lines are on the disk.
  public func sync() throws(FileError) {
    _ = try FileSystem.check("sync", path) { fsync(descriptor) }
  }
}
