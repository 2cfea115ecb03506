import Files
import Foundation
import TestFiles
import Testing

@Suite struct ResultFileTests {
  @Test("a result replaces an old one and leaves nothing beside it")
  func replaces() throws {
    let directory = try TemporaryDirectory()
    let file = try ResultFile("\(directory.path)/c.csv")
    try file.write("1\n")
    try file.write("2\n")
    #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "2\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["c.csv"])
  }

  @Test(
    "a link stays, whether the file that it leads to is there or not; a ring of links is refused")
  func links() throws {
    let directory = try TemporaryDirectory()
    try directory.makeDirectory("inner")
    for (name, target) in [("a", "b"), ("b", "inner/file"), ("x", "y"), ("y", "x")] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(directory.path)/\(name)", withDestinationPath: target)
    }
    for text in ["1\n", "2\n"] {
      try ResultFile("\(directory.path)/a").write(text)
      #expect(try directory.text("inner/file") == text)
    }
    for (name, target) in [("a", "b"), ("b", "inner/file")] {
      let path = "\(directory.path)/\(name)"
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
    }
    #expect(throws: FileError.self) { try ResultFile("\(directory.path)/x") }
  }

  @Test("a place that cannot be written is refused before anything is computed")
  func refused() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: FileError.self) { try ResultFile(directory.path) }
    for path in ["none/c.csv", "new/"] {
      #expect(throws: FileError.self) { try ResultFile("\(directory.path)/\(path)") }
    }
    #expect(throws: FileError.self) { try ResultFile("") }
    let file = try ResultFile("\(directory.path)/file")
    try file.write("")
    #expect(throws: FileError.self) { try ResultFile("\(file.path)/c.csv") }
  }
}
