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
  }
}
