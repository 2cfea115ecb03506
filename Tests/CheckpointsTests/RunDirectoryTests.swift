import Checkpoints
import TestFiles
import Testing

@Suite struct RunDirectoryTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test("a new run makes its directory and what is missing above it")
  func creation() throws {
    let path = "\(directory.path)/runs/a"
    let run = try RunDirectory(creating: path, start: .fresh)
    try run.writeRecipe(Array("{}\n".utf8))
    try run.writeRecipe(Array("{\"seed\":1}\n".utf8))
    #expect(try directory.bytes("runs/a/recipe.json") == Array("{\"seed\":1}\n".utf8))
    #expect(try RunDirectory(opening: path) == run)
  }

  @Test("a run that is there is not overwritten, but can be resumed")
  func occupied() throws {
    let run = try RunDirectory(creating: "\(directory.path)/a/", start: .fresh)
    try run.writeRecipe([])
    #expect(throws: RunDirectoryError.notEmpty(path: run.path, holdsRun: true)) {
      try RunDirectory(creating: run.path, start: .fresh)
    }
    #expect(
      RunDirectoryError.notEmpty(path: "runs/a", holdsRun: true).description
        == "runs/a holds a run already: go on with it by lcnn-dist train --resume --run runs/a, "
        + "or choose another --run")
    #expect(try RunDirectory(creating: run.path, start: .resume) == run)
  }

  @Test("runs of one name get directories of their own, however many start at once")
  func unique() throws {
    let path = "\(directory.path)/runs/a"
    let paths = try (0..<3).map { _ in try RunDirectory(creating: path, start: .unique).path }
    #expect(paths == [path, "\(path)-2", "\(path)-3"])
  }

  @Test("the lock of a start is no run, its line in the history is one")
  func locked() throws {
    let run = try RunDirectory(creating: "\(directory.path)/a", start: .fresh)
    let lock = try run.openEnvironment()
    try directory.write(Array("{".utf8), to: "a/.recipe.json.partial")
    #expect(!RunDirectory.holdsRun(run.path))
    #expect(try RunDirectory(creating: run.path, start: .fresh) == run)
    #expect(throws: RunDirectoryError.inUse(path: run.path)) { try run.openEnvironment() }
    try lock.append(line: "{}")
    #expect(throws: RunDirectoryError.notEmpty(path: run.path, holdsRun: true)) {
      try run.requireFresh()
    }
  }

  @Test("metrics grow line by line, also after reopening")
  func metrics() throws {
    let run = try RunDirectory(creating: directory.path, start: .fresh)
    try run.openMetrics().append(line: "{\"step\":1}")
    let file = try run.openMetrics()
    try file.append(line: "{\"step\":2}")
    try file.sync()
    let text = String(decoding: try directory.bytes("metrics.jsonl"), as: UTF8.self)
    #expect(text == "{\"step\":1}\n{\"step\":2}\n")
  }

  @Test("a path that cannot be a directory is named with the system's reason")
  func unusable() throws {
    try directory.write([], to: "file")
    let path = "\(directory.path)/file"
    #expect(
      message { try RunDirectory(creating: path, start: .fresh) }
        == "cannot create the directory \(path): File exists")
    #expect(
      message { try RunDirectory(creating: "\(path)/a", start: .fresh) }
        == "cannot create the directory \(path)/a: Not a directory")
    #expect(
      message { try RunDirectory(creating: "/proc/a", start: .fresh) }
        == "cannot create the directory /proc/a: No such file or directory")
    #expect(
      message { try RunDirectory(opening: "\(directory.path)/no") }
        == "\(directory.path)/no: no such run")
  }

  private func message(_ body: () throws -> RunDirectory) -> String {
    do {
      _ = try body()
      return "no error"
    } catch { return "\(error)" }
  }
}
