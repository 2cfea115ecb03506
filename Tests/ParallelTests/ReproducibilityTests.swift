import Foundation
import Testing

extension ProgramRuns {
  /// Bits that depend on nothing but the samples, for a low-curvature ResNet with gradient penalty.
  @Suite struct ReproducibilityTests {
    private static let steps = 30
    private static let ranks = [1, 2, 3, 4, 5, 7, 8]

    @Test("reproducible runs have the same bits on any number of ranks")
    func sameBits() throws {
      let directory = try TemporaryDirectory()
      for ranks in Self.ranks {
        let outcome = try Program.run(
          [
            "train", "--run", "run-\(ranks)", "--max-steps", "\(Self.steps)",
            "--reproducible", "true", "--gradient-norm-penalty", "0.006",
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
        for ranks in Self.ranks {
          #expect(try directory.data("run-\(ranks)/\(file)") == alone, "n = \(ranks): \(file)")
        }
      }
    }
  }
}
