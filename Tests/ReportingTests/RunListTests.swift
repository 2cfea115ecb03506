import Foundation
import Recipes
import Reporting
import TestFiles
import Testing

/// The table of runs, and the comparison of two.
@Suite struct RunListTests {
  private static func runs() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (name, arm, accuracy, epochs) in [
      ("a", Arm.standard, 0.5, "2"), ("b", .lcnn, 0.75, "9"), ("c", .lcnn, 0.25, "9"),
    ] {
      try RunOnDisk.write(
        "runs/\(name)", arm: arm, seed: 1, accuracy: accuracy, curvature: 4.5,
        keys: [("epochs", epochs)], in: directory)
    }
    // The last step has a checkpoint in b, and none in c.
    try directory.write("".utf8, to: "runs/b/checkpoints/step-00000002/state.json")
    try directory.write("".utf8, to: "runs/c/checkpoints/step-00000001/state.json")
    try directory.makeDirectory("runs/none")
    return directory
  }

  private static func columns(_ text: String) -> [[String]] {
    text.split(separator: "\n").dropFirst().map {
      $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
  }

  @Test("a run is finished, stopped at a checkpoint, or crashed after one")
  func states() throws {
    let directory = try Self.runs()
    let list = try RunList(in: "\(directory.path)/runs")
    let rows = Self.columns(list.text(sortedBy: .name, filters: []))
    #expect(rows.map { $0[0] } == ["a", "b", "c"])
    #expect(rows.map { $0[3] } == ["finished", "stopped", "crashed"])
    #expect(list.problems.count == 3, "each has an incomplete last line")
  }

  @Test("rows are sorted by numbers, descending, and filtered by text")
  func order() throws {
    let directory = try Self.runs()
    let list = try RunList(in: "\(directory.path)/runs")
    let sorted = Self.columns(list.text(sortedBy: .accuracy, filters: []))
    #expect(sorted.map { $0[0] } == ["b", "a", "c"])
    let kept = Self.columns(
      list.text(sortedBy: .name, filters: [(.arm, "LCNN"), (.state, "stop")]))
    #expect(kept.map { $0[0] } == ["b"])
    #expect(
      list.text(sortedBy: .name, filters: [(.name, "x")]) == "no run here that fits")
  }

  @Test("a run whose lock is held is running")
  func running() throws {
    let directory = try Self.runs()
    let path = "\(directory.path)/runs/b/environment.jsonl"
    try directory.write("{}\n".utf8, to: "runs/b/environment.jsonl")
    let file = open(path, O_RDONLY)
    #expect(flock(file, LOCK_EX) == 0)
    defer { close(file) }
    let list = try RunList(in: "\(directory.path)/runs")
    let rows = Self.columns(list.text(sortedBy: .name, filters: []))
    #expect(rows.map { $0[3] } == ["finished", "running", "crashed"])
  }

  @Test("a comparison lists the keys and results that differ")
  func comparison() throws {
    let directory = try Self.runs()
    let text = try RunComparison(
      "\(directory.path)/runs/a", "\(directory.path)/runs/b"
    ).text
    #expect(text.contains(/\nvariant +standard +lcnn\n/))
    #expect(text.contains(/\ntest accuracy +50\.00 % +75\.00 %\n/))
    #expect(!text.contains("\nbatch-size"), "a key that does not differ")
    #expect(text.contains("ENVIRONMENT: no difference"))
  }
}
