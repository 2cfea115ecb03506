import Glibc

/// A regular file open for reading, closed with the object.
package final class InputFile {
  package let path: String
  package let byteCount: Int
  private let descriptor: Int32

  /// open(2); a directory, a device or a pipe is an error.
  package init(reading path: String) throws(FileError) {
    // Without O_NONBLOCK the open of a pipe waits for a writer; a regular file ignores it.
    let descriptor = try FileSystem.check("open", path, isInput: true) {
      open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }
    do throws(FileError) {
      byteCount = try Self.regularSize(descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func regularSize(_ descriptor: Int32, _ path: String) throws(FileError) -> Int {
    var status = stat()
    _ = try FileSystem.check("read", path, isInput: true) { fstat(descriptor, &status) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw FileError("read", path, code: kind == S_IFDIR ? EISDIR : EINVAL, isInput: true)
    }
    return Int(status.st_size)
  }

  /// Bytes of a read, between two reports of progress.
  private static let readAtOnce = 16 << 20

  /// pread(2) of the first `count` bytes, or of the whole file if it is shorter.
  ///
  /// - Parameter onProgress: is told of the number of bytes that have been read.
  package func read(
    first count: Int, onProgress: (Int) -> Void = { _ in }
  ) throws(FileError) -> [UInt8] {
    let wanted = min(count, byteCount)
    guard Self.hasMemory(wanted) else {
      throw FileError("read", path, code: ENOMEM, isInput: true)
    }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      do throws(FileError) {
        while filled < wanted {
          let end = min(filled + Self.readAtOnce, wanted)
          let rest = UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<end])
          let offset = filled
          let got = try FileSystem.check("read", path, isInput: true) {
            pread(descriptor, rest.baseAddress, rest.count, offset)
          }
          if got == 0 { break }
          filled += got
          onProgress(filled)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Whether so many bytes can be had; an array would trap without them.
  package static func hasMemory(_ bytes: Int) -> Bool {
    guard bytes > 0 else { return true }
    // An optimiser takes malloc and free for granted, and leaves both out.
    let probe = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let probe, probe != MAP_FAILED else { return false }
    munmap(probe, bytes)
    return true
  }

  /// All bytes of a regular file.
  package static func contents(
    of path: String, onProgress: (Int) -> Void = { _ in }
  ) throws(FileError) -> [UInt8] {
    let file = try InputFile(reading: path)
    return try file.read(first: file.byteCount, onProgress: onProgress)
  }
}
