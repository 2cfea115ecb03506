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
        // An event file of TensorBoard records a start, too.
        try directory.snapshot().filter {
          $0.key != "run/environment.jsonl" && !$0.key.contains("/events.out.")
        }
      }
      let before = try results()
      let again = try Program.run(["train", "--resume", "--run", "run"], ranks: 2, in: directory)
      #expect(whole.status == 0 && again.status == 0, "\(again)")
      #expect(again.outputLines.last == whole.outputLines.last)
      #expect(try results() == before, "files were changed")
    }

    private static let short = ["train", "--test-samples", "10", "--train-samples", "192"]

    @Test("where the newest checkpoint is damaged, a run and commands take the one before")
    func damaged() throws {
      let directory = try TemporaryDirectory()
      let whole = try Program.run(Self.short + ["--epochs", "3", "--run", "run"], in: directory)
      try #require(whole.status == 0, "\(whole)")
      let newest = "run/checkpoints/step-00000009"
      let before = try directory.snapshot()
      for file in ["model.safetensors", "optimizer.safetensors", "state.json", "SHA256SUMS"] {
        try directory.write([], to: "\(newest)/\(file)")
        let words = "step-00000009 is left out: "
        let measured = try Program.run(["evaluate", "--model", "run"], in: directory)
        #expect(measured.status == 0 && measured.errors.contains(words), "\(measured)")
        let resumed = try Program.run(["train", "--resume", "--run", "run"], in: directory)
        #expect(resumed.status == 0 && resumed.output.contains(words), "\(resumed)")
        #expect(resumed.output.contains("resumed after step 6"), "\(resumed)")
        let damaged = "\(newest).damaged"
        #expect(try directory.data("\(damaged)/\(file)").isEmpty)
        try directory.remove(damaged)
        for (name, data) in before where name.hasPrefix(newest) || name == "run/metrics.jsonl" {
          #expect(try data == nil || directory.data(name) == data, "\(name)")
        }
      }
    }

    @Test("a run that ended before its first checkpoint starts at its beginning again")
    func withoutCheckpoint() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(
        Self.short + ["--max-steps", "1", "--run", "first"], in: directory)
      try #require(first.status == 0, "\(first)")
      let whole = try Program.run(
        Self.short + ["--epochs", "1", "--initial", "first", "--run", "run"], in: directory)
      try #require(whole.status == 0, "\(whole)")
      let before = try directory.snapshot()
      try directory.remove("run/checkpoints")
      // All that is there of a start that was killed at once is its line in the history.
      for name in ["recipe.json", "metrics.jsonl", "timings.jsonl"] {
        try directory.remove("run/\(name)")
      }
      let again = try Program.run(
        Self.short + ["--epochs", "1", "--initial", "first", "--run", "run", "--resume", "auto"],
        in: directory)
      #expect(again.status == 0 && again.output.contains("no checkpoint yet"), "\(again)")
      for (name, data) in before
      where name.hasPrefix("run/checkpoints/") || name == "run/metrics.jsonl" {
        #expect(try data == nil || directory.data(name) == data, "\(name)")
      }
      try directory.remove("run/checkpoints")
      let changed = try Program.run(
        ["train", "--resume", "--run", "run", "--seed", "7", "--max-steps", "1"], in: directory)
      #expect(changed.output.contains("after step 0: seed 1729 → 7"), "\(changed)")
      try directory.remove("run/checkpoints")
      try directory.remove("first")
      let other = try Program.run(
        Self.short + ["--max-steps", "1", "--learning-rate", "0.3", "--run", "first"],
        in: directory)
      try #require(other.status == 0, "\(other)")
      let refused = try Program.run(["train", "--resume", "--run", "run"], in: directory)
      #expect(refused.status == ExitStatus.unusableInput.rawValue, "\(refused)")
      #expect(refused.errors.contains("is no longer the model"), "\(refused)")
    }

    @Test("--resume auto starts a run and goes on with it, on two ranks, and without recipe.json")
    func auto() throws {
      let directory = try TemporaryDirectory()
      let command = Self.short + ["--run", "run", "--resume", "auto"]
      let started = try Program.run(command + ["--max-steps", "2"], ranks: 2, in: directory)
      #expect(started.status == 0, "\(started)")
      let refused = try Program.run(Self.short + ["--run", "run"], in: directory)
      let words = "go on with it by lcnn-dist train --resume --run run"
      #expect(refused.status == ExitStatus.runDirectory.rawValue, "\(refused)")
      #expect(refused.errors.contains(words), "\(refused)")
      try directory.remove("run/recipe.json")
      let resumed = try Program.run(
        ["train", "--run", "run", "--resume=auto", "--max-steps", "4"], ranks: 2, in: directory)
      #expect(resumed.status == 0, "\(resumed)")
      #expect(resumed.output.contains("resumed after step 2"), "\(resumed)")
      #expect(try directory.text("run/recipe.json").contains("\"train-samples\" : 192"))
      let whole = try Program.run(
        Self.short + ["--run", "whole", "--max-steps", "4"], ranks: 2, in: directory)
      #expect(whole.status == 0, "\(whole)")
      #expect(try directory.data("run/metrics.jsonl") == directory.data("whole/metrics.jsonl"))
    }

    @Test("what a resumed run changes is said, and recorded with what was trained by it")
    func changes() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(
        Self.short + ["--epochs", "2", "--schedule", "cosine", "--run", "run"], in: directory)
      try #require(first.status == 0, "\(first)")
      let recipe = try directory.data("run/recipe.json")
      let idle = try Program.run(
        ["train", "--resume", "--run", "run", "--learning-rate", "0.2"], in: directory)
      #expect(idle.output.contains("after step 6: learning-rate 0.1 → 0.2"), "\(idle)")
      #expect(try directory.data("run/recipe.json") == recipe, "nothing was trained at 0.2")
      let longer = try Program.run(
        ["train", "--resume", "--run", "run", "--epochs", "4", "--crop-padding", "2"],
        in: directory)
      #expect(longer.status == 0, "\(longer)")
      for words in [
        "after step 6: epochs 2 → 4", "crop-padding 1 → 2", "the learning rate goes from ",
      ] { #expect(longer.output.contains(words), "\(words) in \(longer)") }
      #expect(try directory.text("run/recipe.json").contains("\"epochs\" : 4"))
      let starts = try directory.text("run/environment.jsonl").split(separator: "\n")
      #expect(starts.count == 3)
      #expect(starts[1].contains("\"learning-rate\":0.2") && starts[1].contains("\"step\":6"))
      #expect(starts[2].contains("\"--crop-padding\""))
    }

    @Test("two runs that are started in the same second get a directory each")
    func sameSecond() throws {
      let directory = try TemporaryDirectory()
      let running = try (0..<3).map { _ in
        try Program.start(Self.short + ["--max-steps", "1"], in: directory)
      }
      for run in running { #expect(try run.outcome().status == 0) }
      let runs = try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/runs")
      #expect(runs.count == 3 && runs.allSatisfy { $0.hasPrefix("digits-seed1729-") }, "\(runs)")
    }

    /// Steps and epochs that the run has written so far.
    private func metricsLines(_ directory: TemporaryDirectory) -> Int {
      (try? directory.data("parts/metrics.jsonl"))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }
  }
}
