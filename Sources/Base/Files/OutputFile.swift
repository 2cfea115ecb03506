import Glibc

/// A file that is written from its beginning, closed with the object.
package final class OutputFile {
  private let path: String
  private let descriptor: Int32

  /// open(2): creates the file, or empties an old one.
  package init(_ path: String) throws(FileError) {
    descriptor = try FileSystem.check("create", path) {
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    }
    self.path = path
  }

  /// open(2): creates the file; a file or a link of this name is an error.
  init(new path: String) throws(FileError) {
    descriptor = try FileSystem.check("create", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
    }
    self.path = path
  }

  /// open(2): a device or a pipe that is there, or a copy of an open descriptor.
  ///
  /// A pipe without a reader is an error.
  init(stream path: String) throws(FileError) {
    self.path = path
    if let number = Self.descriptor(of: path) {
      // Opened by its name, a file would be written from its beginning.
      descriptor = try FileSystem.check("write", path) { fcntl(number, F_DUPFD_CLOEXEC, 3) }
      return
    }
    descriptor = try FileSystem.check("write", path) {
      open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    }
    // Only the open must not wait.
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
  }

  /// The open descriptor that a path names, as `/dev/stdout` and a process substitution do.
  static func descriptor(of path: String) -> Int32? {
    if path == "/dev/stdout" { return STDOUT_FILENO }
    if path == "/dev/stderr" { return STDERR_FILENO }
    let folder = ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
    return folder.flatMap { Int32(path.dropFirst($0.count)) }
  }

  deinit { close(descriptor) }

  package func append(_ bytes: [UInt8]) throws(FileError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try append(bytes) }
    }
    try result.get()
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    try FileSystem.write(bytes, descriptor: descriptor, path: path)
  }

  /// fsync(2): returns when the whole file is on the disk.
  package func sync() throws(FileError) {
    _ = try FileSystem.check("sync", path) { fsync(descriptor) }
  }
}
