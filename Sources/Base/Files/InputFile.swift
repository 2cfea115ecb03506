import Glibc

/// A regular file open for reading, closed with the object.
package final class InputFile {
  package let path: String
  package let byteCount: Int
  private let descriptor: Int32

  package init(reading path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("open", path) }
    var status = stat()
    let statusCode = fstat(descriptor, &status)
    guard statusCode == 0, status.st_mode & S_IFMT == S_IFREG else {
      let code = statusCode == 0 ? (status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL) : errno
      close(descriptor)
      throw FileError("read", path, code: code)
    }
    self.path = path
    self.byteCount = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The first `count` bytes, or all there are if the file is shorter.
  package func read(first count: Int) throws(FileError) -> [UInt8] {
    var code: Int32 = 0
    let wanted = min(count, byteCount)
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let got = pread(descriptor, rest.baseAddress, wanted - filled, filled)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    guard code == 0 else { throw FileError("read", path, code: code) }
    return bytes
  }

  package static func contents(of path: String) throws(FileError) -> [UInt8] {
    let file = try InputFile(reading: path)
    return try file.read(first: file.byteCount)
  }
}
