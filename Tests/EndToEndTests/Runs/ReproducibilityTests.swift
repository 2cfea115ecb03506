import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Bits that depend on nothing but the samples, for a low-curvature ResNet with gradient penalty.
  @Suite struct ReproducibilityTests {
    private static let steps = 30

    struct Case: Sendable, CustomTestStringConvertible {
      let precision: String
      let ranks: [Int]
      /// Number of ranks of another run, whose sums MPI makes.
      let byMPI: Int
      var testDescription: String { "\(precision), n = \(ranks), by MPI \(byMPI)" }
    }

    @Test(
      "reproducible runs have the same bits on any number of ranks, whatever sums them",
      arguments: [
        Case(precision: "fp32", ranks: [1, 2, 3, 4, 5, 7, 8], byMPI: 3),
        Case(precision: "bf16", ranks: [1, 3], byMPI: 2),
        Case(precision: "bf16x3", ranks: [1, 3], byMPI: 2),
      ])
    func sameBits(test: Case) throws {
      let directory = try TemporaryDirectory()
      var runs = test.ranks.map { ("run-\($0)", $0, "on") }
      runs.append(("run-mpi", test.byMPI, "off"))
      for (run, ranks, sharedMemory) in runs {
        let outcome = try Program.run(
          [
            "train", "--run", run, "--max-steps", "\(Self.steps)",
            "--reproducible", "true", "--gradient-norm-penalty", "0.006",
            "--precision", test.precision, "--shared-memory", sharedMemory,
          ], ranks: ranks, in: directory)
        #expect(outcome.status == 0, "\(run): \(outcome)")
        #expect(outcome.output.contains("summed reproducibly"))
      }
      // Weights, running statistics, power-iteration vectors, momentum buffers, metrics; not machine or time.
      for file in [
        "checkpoints/step-00000030/model.safetensors",
        "checkpoints/step-00000030/optimizer.safetensors", "metrics.jsonl",
      ] {
        let alone = try directory.data("run-1/\(file)")
        #expect(!alone.isEmpty)
        for (run, _, _) in runs {
          #expect(try directory.data("\(run)/\(file)") == alone, "\(run): \(file)")
        }
      }
    }

    @Test("a reproducible run on two, then three, then one rank is that of one rank in one go")
    func changingRanks() throws {
      let directory = try TemporaryDirectory()
      let flags = ["--epochs", "2", "--reproducible", "true", "--gradient-norm-penalty", "0.006"]
      let whole = try Program.run(["train", "--run", "whole"] + flags, ranks: 1, in: directory)
      #expect(whole.status == 0, "\(whole)")
      // Of 46 steps; the second start goes on within an epoch, and ends in the next one.
      for (ranks, more) in [
        (2, flags + ["--max-steps", "10"]), (3, ["--resume", "--max-steps", "30"]),
        (1, ["--resume", "--max-steps", "null"]),
      ] {
        let part = try Program.run(["train", "--run", "parts"] + more, ranks: ranks, in: directory)
        #expect(part.status == 0, "\(ranks) ranks: \(part)")
      }
      let checkpoint = "checkpoints/step-00000046"
      for file in [
        "metrics.jsonl", "recipe.json", "\(checkpoint)/model.safetensors",
        "\(checkpoint)/optimizer.safetensors", "\(checkpoint)/state.json",
      ] {
        #expect(
          try directory.data("parts/\(file)") == directory.data("whole/\(file)"), "\(file)")
      }
    }
  }
}
