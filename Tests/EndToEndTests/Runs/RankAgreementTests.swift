import Checkpoints
import EmbeddedFiles
import Foundation
import TestFiles
import TestSupport
import Testing

/// A training whose result must not depend on the number of ranks.
struct AgreementCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// The recipe's lines.
  let recipe: String
  let steps: Int
  /// The numbers of ranks that are held to one.
  let ranks: [Int]
  /// Names of one shared parameter.
  var shared: [String] = []

  var testDescription: String { name }

  private static let digits = """
    data-set: digits
    batch-size: 64
    learning-rate: 0.1
    schedule: cosine
    crop-padding: 1
    test-samples: 20
    """
  private static let resnet = "architecture: resnet\nstem: 16\nwidths: [16, 32]\nblocks: [1, 1]\n"

  static let all = [
    AgreementCase(
      name: "the digits recipe",
      recipe: EmbeddedFiles.recipe(named: "digits") ?? "", steps: 20, ranks: [2, 3, 4, 8]),
    AgreementCase(
      name: "a last batch of 5 samples, gradients penalised",
      recipe: "\(digits)\n\(resnet)epochs: 10\nwarmup-epochs: 10\ntrain-samples: 69\n"
        + "gradient-norm-penalty: 0.01", steps: 20, ranks: [8]),
    AgreementCase(
      name: "a vgg with one β under two names, last batch of 5 samples",
      recipe: "\(digits)\narchitecture: vgg\nlayers: [8, M, 16]\nepochs: 10\nwarmup-epochs: 10\n"
        + "train-samples: 69", steps: 20, ranks: [2, 8], shared: [".log_beta"]),
  ]
}

extension ProgramRuns {
  @Suite struct RankAgreementTests {
    /// The bound, relative to a tensor's largest magnitude: sums of float32 in another order.
    static let tolerance = 1e-4
    /// Below this a parameter is zero.
    static let floor = 1e-6

    @Test("every number of ranks takes the same samples and prints them once")
    func samples() throws {
      let arguments = ["samples", "--steps", "20"]
      let alone = try Program.run(arguments)
      #expect(alone.status == 0 && alone.outputLines.count == 20, "\(alone)")
      #expect(alone.outputLines.allSatisfy { $0.split(separator: " ").count == 64 })
      for ranks in [1, 2, 3, 4, 8] {
        let outcome = try Program.run(arguments, ranks: ranks)
        #expect(outcome.status == 0 && outcome.output == alone.output, "\(ranks) ranks: \(outcome)")
      }
    }

    @Test("the weights after 20 steps are those of one rank", arguments: AgreementCase.all)
    func weights(_ run: AgreementCase) throws {
      let directory = try TemporaryDirectory()
      try directory.write(run.recipe.utf8, to: "case.yaml")
      let alone = try train(run, ranks: 1, in: directory)
      for ranks in run.ranks {
        let together = try train(run, ranks: ranks, in: directory)
        #expect(together.samples == alone.samples, "\(ranks) ranks")
        #expect(together.model.tensors.keys == alone.model.tensors.keys)
        for (name, expected) in alone.model.tensors where !isCancelled(name) {
          let found = try #require(together.model.tensors[name])
          let comparison = Comparison(name, try found.floats(), try expected.doubles())
          #expect(
            comparison.isWithin(Self.tolerance, floor: Self.floor), "\(ranks) ranks: \(comparison)")
        }
      }
    }

    /// Files of a run: samples per step, and the last checkpoint's model.
    private struct Result {
      let samples: [String]
      let model: SafetensorsFile
    }

    private func train(
      _ run: AgreementCase, ranks: Int, in directory: TemporaryDirectory
    ) throws -> Result {
      let outcome = try Program.run(
        [
          "train", "--recipe", "case.yaml", "--run", "ranks-\(ranks)", "--max-steps",
          "\(run.steps)",
        ], ranks: ranks, in: directory)
      try #require(outcome.status == 0, "\(ranks) ranks: \(outcome)")
      let metrics = try directory.text("ranks-\(ranks)/metrics.jsonl").split(separator: "\n")
      let samples = metrics.compactMap {
        $0.firstMatch(of: /"samples": \d+/).map { "\($0.output)" }
      }
      #expect(samples.count == run.steps)
      let step = String(repeating: "0", count: 8 - "\(run.steps)".count) + "\(run.steps)"
      let model = try SafetensorsFile.read(
        "\(directory.path)/ranks-\(ranks)/checkpoints/step-\(step)/model.safetensors")
      for suffix in run.shared {
        let names = model.tensors.keys.filter { $0.hasSuffix(suffix) }
        #expect(names.count > 1 && Set(names.map { model.tensors[$0]?.bytes }).count == 1)
      }
      return Result(samples: samples, model: model)
    }

    /// A vgg's convolution biases come before a batch norm, which takes them away again: their
    /// gradients are rounding errors.
    private func isCancelled(_ name: String) -> Bool {
      name.hasSuffix(".conv.bias")
    }
  }
}
