import Files
import Foundation
import TestFiles
import Testing

@Suite struct InputFileTests {
  @Test("a file is read whole, or only its first bytes")
  func contents() throws {
    let directory = try TemporaryDirectory()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    let path = try directory.write(bytes, to: "file")
    #expect(try InputFile.contents(of: path) == bytes)
    let file = try InputFile(reading: path)
    #expect(file.byteCount == 10_000)
    #expect(try file.read(first: 3) == [0, 1, 2])
    #expect(try file.read(first: 20_000) == bytes)
  }

  @Test("a missing file, a directory, a device and a pipe without a writer are refused at once")
  func refused() throws {
    let directory = try TemporaryDirectory()
    let pipe = "\(directory.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let expected: [(path: String, action: String, code: Int32)] = [
      ("\(directory.path)/none", "open", ENOENT), (directory.path, "read", EISDIR),
      ("/dev/null", "read", EINVAL), (pipe, "read", EINVAL),
    ]
    for (path, action, code) in expected {
      #expect(throws: FileError(action, path, code: code, isInput: true)) {
        try InputFile(reading: path)
      }
    }
  }
}
