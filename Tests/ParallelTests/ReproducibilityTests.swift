import Foundation
import Testing

extension ProgramRuns {
  /// Bits that depend on nothing but the samples, for a low-curvature ResNet with gradient penalty.
  @Suite struct ReproducibilityTests {
    private static let steps = 30

    struct Case: Sendable, CustomTestStringConvertible {
      let precision: String
      let ranks: [Int]
      var testDescription: String { "\(precision), n = \(ranks)" }
    }

    @Test(
      "reproducible runs have the same bits on any number of ranks",
      arguments: [
        Case(precision: "fp32", ranks: [1, 2, 3, 4, 5, 7, 8]),
        Case(precision: "bf16", ranks: [1, 3]),
      ])
    func sameBits(test: Case) throws {
      let directory = try TemporaryDirectory()
      for ranks in test.ranks {
        let outcome = try Program.run(
          [
            "train", "--run", "run-\(ranks)", "--max-steps", "\(Self.steps)",
            "--reproducible", "true", "--gradient-norm-penalty", "0.006",
            "--precision", test.precision,
          ], ranks: ranks, in: directory)
        #expect(outcome.status == 0, "n = \(ranks): \(outcome)")
        #expect(outcome.output.contains("summed reproducibly"))
      }
      // Weights, running statistics, power-iteration vectors, velocities, metrics; not machine or time.
      for file in [
        "checkpoints/step-00000030/model.safetensors",
        "checkpoints/step-00000030/optimizer.safetensors", "metrics.jsonl",
      ] {
        let alone = try directory.data("run-1/\(file)")
        #expect(!alone.isEmpty)
        for ranks in test.ranks {
          #expect(try directory.data("run-\(ranks)/\(file)") == alone, "n = \(ranks): \(file)")
        }
      }
    }
  }
}
