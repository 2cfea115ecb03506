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
