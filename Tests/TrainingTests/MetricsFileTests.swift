import Checkpoints
import Foundation
import TestFiles
import Testing
import Training

@Suite struct MetricsFileTests {
  /// A run in a new directory that is removed afterwards; `body` gets what reads its metrics.
  private func withRun(_ body: (RunDirectory, () throws -> [String]) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    let run = try RunDirectory(creating: "\(directory.path)/run", start: .fresh)
    try body(run) {
      let text = try directory.text("run/metrics.jsonl")
      #expect(text.hasSuffix("\n"))
      return text.split(separator: "\n").map(String.init)
    }
  }

  private func write(_ steps: ClosedRange<Int>, to file: MetricsFile) throws {
    for step in steps {
      try file.write([("step", .integer(step)), ("train/loss", .number(1 / Double(step)))])
    }
  }

  @Test("a line is an object with its keys in the order given")
  func line() throws {
    try withRun { run, lines in
      let file = try MetricsFile(run, resumingAt: nil)
      try file.write([("step", .integer(3)), ("train/loss", .number(0.25)), ("a", .absent)])
      #expect(try lines() == [#"{"schema": 1, "step": 3, "train/loss": 0.25, "a": null}"#])
    }
  }

  @Test("a value that is not finite is null", arguments: [Double.nan, .infinity, -.infinity])
  func nonFinite(value: Double) throws {
    try withRun { run, lines in
      let file = try MetricsFile(run, resumingAt: nil)
      try file.write([("step", .integer(1)), ("train/loss", .number(value))])
      let line = try #require(try lines().first)
      #expect(line == #"{"schema": 1, "step": 1, "train/loss": null, "nonfinite": ["train/loss"]}"#)
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["train/loss"] is NSNull)
    }
  }

  @Test("a resumed run's file equals an uninterrupted one's", arguments: [0, 4, 9, 11, 12])
  func rewind(step: Int) throws {
    var whole: [String] = []
    try withRun { run, lines in
      try write(1...15, to: MetricsFile(run, resumingAt: nil))
      whole = try lines()
    }
    try withRun { run, lines in
      try write(1...12, to: MetricsFile(run, resumingAt: nil))
      let resumed = try MetricsFile(run, resumingAt: step)
      try write(step + 1...15, to: resumed)
      #expect(try lines() == whole)
    }
  }

  @Test("lines after the checkpoint are kept aside, and reports on a part of an epoch are dropped")
  func rewound() throws {
    try withRun { run, lines in
      let file = try MetricsFile(run, resumingAt: nil)
      try write(1...4, to: file)
      try file.write([("step", .integer(4)), ("epoch/train-loss", .number(1))])
      _ = try MetricsFile(run, resumingAt: 4)
      #expect(try lines().count == 5)
      _ = try MetricsFile(run, resumingAt: 4, isWithinEpoch: true)
      #expect(try lines().count == 4)
      _ = try MetricsFile(run, resumingAt: 3)
      let text = try String(contentsOfFile: "\(run.path)/metrics-rewound.jsonl", encoding: .utf8)
      #expect(
        text == """
          {"schema": 1, "step": 4, "epoch/train-loss": 1.0}
          {"schema": 1, "step": 4, "train/loss": 0.25}

          """)
    }
  }

  @Test("the table has the lines' values, and a resumed run's equals an uninterrupted one's")
  func table() throws {
    func write(_ steps: ClosedRange<Int>, to file: MetricsFile) throws {
      for step in steps {
        try file.write([("step", .integer(step)), ("train/loss", .number(1 / Double(step)))])
        guard step.isMultiple(of: 2) else { continue }
        try file.write([
          ("step", .integer(step)), ("test/loss", .number(step == 2 ? .nan : 0.5)), ("a", .absent),
        ])
      }
    }
    var whole = ""
    try withRun { run, _ in
      try write(1...4, to: MetricsFile(run, resumingAt: nil, writesTable: true))
      whole = try String(contentsOfFile: "\(run.path)/metrics.csv", encoding: .utf8)
      #expect(
        whole == """
          step,train/loss,test/loss,a
          1,1.0
          2,0.5
          2,,nan,
          3,0.3333333333333333
          4,0.25
          4,,0.5,

          """)
    }
    // The table may begin where a run is resumed.
    for hadTable in [true, false] {
      try withRun { run, _ in
        try write(1...3, to: MetricsFile(run, resumingAt: nil, writesTable: hadTable))
        try write(3...4, to: MetricsFile(run, resumingAt: 2, writesTable: true))
        let resumed = try String(contentsOfFile: "\(run.path)/metrics.csv", encoding: .utf8)
        #expect(resumed == whole)
      }
    }
  }

  @Test("half a line, as a killed run may leave it, is dropped")
  func torn() throws {
    try withRun { run, lines in
      try write(1...2, to: MetricsFile(run, resumingAt: nil))
      let path = "\(run.path)/metrics.jsonl"
      let torn = try Data(contentsOf: URL(fileURLWithPath: path)) + Data(#"{"st"#.utf8)
      try torn.write(to: URL(fileURLWithPath: path))
      try write(3...3, to: MetricsFile(run, resumingAt: 2))
      #expect(
        try lines().map { $0.dropFirst(14).prefix(9) } == [
          #""step": 1"#, #""step": 2"#, #""step": 3"#,
        ])
    }
  }
}
