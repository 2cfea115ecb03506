import Checkpoints
import Failures
import Foundation
import TestFiles
import TestSupport
import Testing

extension ProgramRuns {
  /// Threads in place of ranks: the same training, the same measurements.
  @Suite struct ThreadsTests {
    /// Ranks × threads.
    private static let launches = [(1, 1), (1, 2), (1, 4), (2, 2), (3, 1)]
    private static let model = "checkpoints/step-00000010/model.safetensors"

    private func train(
      _ launch: (ranks: Int, threads: Int), _ flags: [String], in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      try Program.run(
        [
          "train", "--run", "run-\(launch.ranks)-\(launch.threads)", "--max-steps", "10",
          "--gradient-norm-penalty", "0.006", "--test-samples", "40", "--threads",
          "\(launch.threads)",
        ] + flags, ranks: launch.ranks, in: directory)
    }

    @Test("reproducible runs have the same bits for any number of ranks and threads")
    func sameBits() throws {
      let directory = try TemporaryDirectory()
      for launch in Self.launches {
        let outcome = try train(launch, ["--reproducible", "true"], in: directory)
        #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(launch): \(outcome)")
      }
      for file in [Self.model, "checkpoints/step-00000010/optimizer.safetensors", "metrics.jsonl"] {
        let alone = try directory.data("run-1-1/\(file)")
        #expect(!alone.isEmpty)
        for (ranks, threads) in Self.launches {
          let found = try directory.data("run-\(ranks)-\(threads)/\(file)")
          #expect(found == alone, "\(ranks) ranks × \(threads) threads: \(file)")
        }
      }
    }

    @Test("other runs have the same weights but for rounding, and say how many compute")
    func closeWeights() throws {
      let directory = try TemporaryDirectory()
      for (launch, words) in [
        ((1, 1), "run run-1-1: 1 rank, "), ((2, 2), "run run-2-2: 2 ranks × 2 threads, "),
      ] {
        let outcome = try train(launch, [], in: directory)
        #expect(outcome.status == 0, "\(launch): \(outcome)")
        #expect(outcome.outputLines.count { $0.hasPrefix(words) } == 1, "\(outcome.output)")
        #expect(outcome.outputLines.count { $0.hasPrefix("memory") } == 1, "\(outcome.output)")
      }
      #expect(try directory.text("run-2-2/environment.jsonl").contains("\"threads\":[2,2]"))
      let alone = try SafetensorsFile.read("\(directory.path)/run-1-1/\(Self.model)")
      let together = try SafetensorsFile.read("\(directory.path)/run-2-2/\(Self.model)")
      for (name, expected) in alone.tensors {
        let found = try #require(together.tensors[name])
        let comparison = Comparison(name, try found.floats(), try expected.doubles())
        #expect(
          comparison.isWithin(RankAgreementTests.tolerance, floor: RankAgreementTests.floor),
          "\(comparison)")
      }
    }

    @Test("evaluation and curvature have the same bytes for any number of ranks and threads")
    func measurements() throws {
      let directory = try TemporaryDirectory()
      try BadInput.trainOneStep(in: directory)
      for command in [["evaluate"], ["curvature", "--samples", "60", "--csv", "c.csv"]] {
        var found: [String] = []
        for (ranks, threads) in [(1, 1), (1, 3), (2, 2)] {
          let outcome = try Program.run(
            command + ["--model", "run", "--test-samples", "null", "--threads", "\(threads)"],
            ranks: ranks, in: directory)
          #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(command): \(outcome)")
          let file = command.contains("--csv") ? try directory.text("c.csv") : ""
          found.append(outcome.output + file)
        }
        #expect(Set(found).count == 1 && !found[0].isEmpty, "\(command): \(found)")
      }
    }

    @Test("a signal stops all threads after one checkpoint, and any other number goes on")
    func stopAndResume() throws {
      let directory = try TemporaryDirectory()
      let arguments = ["train", "--run", "run", "--epochs", "2000", "--threads", "3"]
      let running = try Program.start(arguments, in: directory)
      // The first epoch's line tells that the signal is caught.
      let metrics = "\(directory.path)/run/metrics.jsonl"
      let deadline = ContinuousClock.now + Program.deadline
      while try !FileManager.default.fileExists(atPath: metrics)
        || directory.text("run/metrics.jsonl").isEmpty, running.isRunning,
        ContinuousClock.now < deadline
      { Thread.sleep(forTimeInterval: 0.02) }
      running.send(signal: SIGUSR1)
      let stopped = try running.outcome()
      #expect(stopped.status == ExitStatus.stopped.rawValue, "\(stopped)")
      #expect(stopped.complaints.count == 1, "\(stopped.complaints)")
      let step = try #require(
        stopped.complaints.first?.firstMatch(of: /after step (\d+);/)?.output.1)
      let resumed = try Program.run(
        [
          "train", "--resume", "--run", "run", "--max-steps", "\((Int(step) ?? 0) + 2)",
          "--threads", "2",
        ], ranks: 2, in: directory)
      #expect(resumed.status == 0 && resumed.output.contains("resumed after step \(step)"))
    }

    /// Flags, and what the complaint contains.
    private static let refusals = [
      (["--threads", "0"], "--threads 0 must be at least 1"),
      (["--threads", "3", "--batch-size", "5"], "a sample for each of the 6 ranks"),
    ]

    @Test("threads that there cannot be are refused in one line", arguments: refusals)
    func refused(_ flags: [String], _ words: String) throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(["train", "--run", "run"] + flags, ranks: 2, in: directory)
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(outcome.complaints.count { $0.contains(words) } == 1, "\(outcome.complaints)")
      #expect(try directory.snapshot().isEmpty)
    }

    @Test("a failing thread ends all ranks with the code of its error")
    func failure() throws {
      let directory = try TemporaryDirectory()
      let outcome = try train((2, 2), ["--learning-rate", "1e30"], in: directory)
      #expect(outcome.status == ExitStatus.diverged.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1, "\(outcome.complaints)")
    }

    @Test("left to itself a small batch or local statistics get no more threads than suit them")
    func defaults() throws {
      let directory = try TemporaryDirectory()
      for (index, flags) in [["--batch-size", "8"], ["--batch-norm", "local"]].enumerated() {
        let outcome = try Program.run(
          ["train", "--run", "\(index)", "--max-steps", "1", "--test-samples", "10"] + flags,
          in: directory)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("run \(index): 1 rank, "), "\(outcome.output)")
      }
    }
  }
}
