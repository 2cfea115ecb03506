import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// A run that is stopped by a signal and resumed, against one that never stopped.
  @Suite struct ResumeTests {
    /// The digits recipe for three epochs, wide enough to be met in the middle.
    private static let arguments = [
      "train", "--epochs", "3", "--widths", "48,96", "--test-samples", "50",
    ]
    private static let stepsPerEpoch = 23
    private static let lastCheckpoint = "checkpoints/step-00000069"

    @Test(
      "a run that a signal stops in an epoch's middle and --resume ends is that of one go",
      arguments: [(2, SIGUSR1), (nil, SIGTERM)] as [(Int?, Int32)])
    func resume(ranks: Int?, signal: Int32) throws {
      let directory = try TemporaryDirectory()
      let whole = try Program.run(
        Self.arguments + ["--run", "whole"], ranks: ranks, in: directory)
      try #require(whole.status == 0, "\(whole)")

      let first = try Program.start(
        Self.arguments + ["--run", "parts"], ranks: ranks, in: directory)
      let stop = Self.stepsPerEpoch + 3
      while first.isRunning && metricsLines(directory) < stop { usleep(500) }
      first.send(signal: signal)
      let stopped = try first.outcome()
      #expect(stopped.status == ExitStatus.stopped.rawValue, "\(stopped)")
      let lines = stopped.complaints.filter { $0.hasPrefix("lcnn-dist: ") }
      #expect(lines.count == 1 && stopped.errors.contains("--resume --run parts"), "\(stopped)")

      let second = try Program.run(
        ["train", "--resume", "--run", "parts"], ranks: ranks, in: directory)
      #expect(second.status == 0, "\(second)")
      #expect(second.output.contains("resumed after step "), "\(second)")
      #expect(second.outputLines.last == whole.outputLines.last)
      for file in [
        "recipe.json", "metrics.jsonl", "\(Self.lastCheckpoint)/model.safetensors",
        "\(Self.lastCheckpoint)/optimizer.safetensors", "\(Self.lastCheckpoint)/state.json",
      ] {
        let (expected, found) = (
          try directory.data("whole/\(file)"), try directory.data("parts/\(file)")
        )
        #expect(found == expected, "\(file) differs")
      }
    }

    @Test("a run that is at its end already is evaluated, and only its start is recorded")
    func atTheEnd() throws {
      let directory = try TemporaryDirectory()
      let whole = try Program.run(
        ["train", "--epochs", "1", "--run", "run"], ranks: 2, in: directory)
      func results() throws -> [String: Data?] {
        try directory.snapshot().filter { $0.key != "run/environment.jsonl" }
      }
      let before = try results()
      let again = try Program.run(["train", "--resume", "--run", "run"], ranks: 2, in: directory)
      #expect(whole.status == 0 && again.status == 0, "\(again)")
      #expect(again.outputLines.last == whole.outputLines.last)
      #expect(try results() == before, "files were changed")
    }

    /// Steps and epochs that the run has written so far.
    private func metricsLines(_ directory: TemporaryDirectory) -> Int {
      (try? directory.data("parts/metrics.jsonl"))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }
  }
}
