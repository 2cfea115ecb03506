import Glibc

/// A text file that only grows, line by line; closed with the object.
public final class AppendOnlyFile: Sendable {
  public let path: String
  private let descriptor: Int32

  /// open(2): creates the file, or keeps the lines of an old one; a pipe without a reader is an
  /// error.
  package init(_ path: String) throws(FileError) {
    descriptor = try FileSystem.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
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

  /// Appends a line, of which nothing is left if it cannot be written, as on a full disk.
  package func appendWholly(line: String) throws(FileError) {
    var before = stat()
    _ = try FileSystem.check("write", path) { fstat(descriptor, &before) }
    do throws(FileError) { try append(line: line) } catch {
      // The reason why the line failed matters more.
      try? truncate(to: before.st_size)
      throw error
    }
  }

  /// stat(2): refuses a file that was removed or renamed since it was opened: what is written to
  /// it would be lost.
  package func requireInPlace() throws(FileError) {
    var (open, found) = (stat(), stat())
    _ = try FileSystem.check("write", path) { fstat(descriptor, &open) }
    _ = try FileSystem.check("write", path) { stat(path, &found) }
    guard open.st_dev == found.st_dev, open.st_ino == found.st_ino else {
      throw FileError("write", path, code: ENOENT)
    }
  }

  /// ftruncate(2): keeps the first `count` bytes.
  package func truncate(to count: Int) throws(FileError) {
    _ = try FileSystem.check("write", path) { ftruncate(descriptor, count) }
  }

  /// fsync(2): returns when all lines are on the disk.
  public func sync() throws(FileError) {
    _ = try FileSystem.check("sync", path) { fsync(descriptor) }
  }
}
