import Glibc

/// A file that is being written from its beginning, closed with the object.
package final class OutputFile {
  private let path: String
  private let descriptor: Int32

  /// Creates the file, or empties an old one.
  package init(_ path: String) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError("create", path) }
    self.path = path
    self.descriptor = descriptor
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

  /// Returns when all of it is on the disk.
  package func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError("sync", path) }
  }
}
