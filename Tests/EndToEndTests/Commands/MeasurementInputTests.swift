import Checkpoints
import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Inputs that every measuring command refuses, rather than measure something else.
  @Suite struct MeasurementInputTests {
    private static let commands = [
      "evaluate", "curvature", "stability", "attack", "bound", "landscape",
    ]

    @Test("ranks with different models, samples or settings are refused", arguments: commands)
    func mixture(command: String) throws {
      let trained = try TrainedDigits(steps: 1)
      let other = try TrainedDigits(steps: 1, ["--seed", "2"])
      defer { withExtendedLifetime(other) {} }
      let program = try Program.path()
      var cases = [(["--model", "\(other.directory.path)/run"], "the model (SHA-256)")]
      switch command {
      case "evaluate":
        // All commands read these alike.
        cases += [
          (["--samples", "5"], "the test samples"), (["--slice-size", "4"], "--slice-size"),
        ]
      case "curvature": cases.append((["--iterations", "3"], "the estimator"))
      case "stability": cases.append((["--radii", "0.1"], "--radii"))
      case "attack": cases.append((["--epsilons", "0.1"], "epsilons"))
      case "landscape": cases.append((["--points", "3"], "the landscape's settings"))
      case "bound": cases.append((["--measured", "3"], "--measured"))
      default: break
      }
      for (flags, what) in cases {
        let first = ["mpirun", "-n", "1", program, command, "--model", "run", ":"]
        let model = flags.contains("--model") ? [] : ["--model", "run"]
        let outcome = try Program.start(
          command: first + ["-n", "1", program, command] + model + flags, in: trained.directory
        ).outcome()
        #expect(outcome.status == ExitStatus.launch.rawValue, "\(flags): \(outcome)")
        #expect(outcome.errors.contains("ranks differ in \(what)"), "\(flags): \(outcome)")
        #expect(outcome.output.isEmpty, "\(outcome)")
      }
    }

    @Test("a weight or statistic that is not finite is named", arguments: commands + ["train"])
    func notFinite(command: String) throws {
      let trained = try TrainedDigits(steps: 1)
      let file = try SafetensorsFile.read(
        "\(trained.directory.path)/run/checkpoints/step-00000001/model.safetensors")
      for (suffix, value) in [("running_mean", Float.infinity), ("log_lipschitz", .nan)] {
        let name = try #require(file.names.first { $0.hasSuffix(suffix) }, "\(file.names)")
        let tensor = try #require(file.tensors[name])
        var values = try tensor.floats()
        values[values.count - 1] = value
        var spoilt = file
        spoilt.tensors[name] = StoredTensor(values, shape: tensor.shape)
        try trained.directory.write(spoilt.encoded(), to: "m.safetensors")
        let arguments =
          command == "train"
          ? ["--initial", "m.safetensors", "--run", "new"] : ["--model", "m.safetensors"]
        try trained.expectRefused([
          (
            [command] + arguments, .unusableInput,
            ["m.safetensors: element \(values.count - 1) of \(name) is \(value)"]
          )
        ])
      }
    }

    @Test(
      "finite weights whose logits are not finite are no accuracy", arguments: commands + ["train"])
    func infiniteLogits(command: String) throws {
      let trained = try TrainedDigits(steps: 1, ["--variant", "standard"])
      let path = "\(trained.directory.path)/run/checkpoints/step-00000001/model.safetensors"
      var file = try SafetensorsFile.read(path)
      for name in file.names where name.hasSuffix(".weight") {
        guard let tensor = file.tensors[name] else { continue }
        file.tensors[name] = StoredTensor(
          try tensor.floats().map { _ in Float(1e20) }, shape: tensor.shape)
      }
      try trained.directory.write(file.encoded(), to: "m.safetensors")
      let before = try trained.directory.snapshot()
      let arguments =
        command == "train"
        ? [
          "--initial", "m.safetensors", "--variant", "standard", "--on-nonfinite", "skip",
          "--max-steps", "1", "--run", "n",
        ]
        : ["--model", "m.safetensors"]
      let outcome = try Program.run([command] + arguments, in: trained.directory)
      let codes = [ExitStatus.diverged.rawValue, ExitStatus.unusableInput.rawValue]
      #expect(codes.contains(outcome.status), "\(outcome)")
      #expect(outcome.errors.contains("not finite"), "\(outcome)")
      #expect(!outcome.output.contains("accuracy"), "\(outcome)")
      let files = try trained.directory.snapshot().filter { !$0.key.hasPrefix("n") }
      #expect(files == before)
    }

    @Test("where only one rank is given --json, rank 0 decides, and none waits for another")
    func resultsOfOneRank() throws {
      let trained = try TrainedDigits(steps: 1)
      let program = try Program.path()
      for (place, name) in ["zero.json", "one.json"].enumerated() {
        let ranks = (0..<2).map { rank in
          ["-n", "1", program, "curvature", "--model", "run"]
            + (rank == place ? ["--json", name] : [])
        }
        let outcome = try Program.start(
          command: ["mpirun"] + ranks[0] + [":"] + ranks[1], in: trained.directory
        ).outcome()
        #expect(outcome.status == 0, "\(outcome)")
      }
      let files = try trained.directory.snapshot().keys
      #expect(files.contains("zero.json") && !files.contains("one.json"), "\(files)")
    }

    @Test("more samples than there are is said, and how to get more")
    func samples() throws {
      let trained = try TrainedDigits(steps: 1)
      let some = try Program.run(
        ["evaluate", "--model", "run", "--samples", "1000000"], ranks: 2, in: trained.directory)
      #expect(some.status == 0 && some.output.contains(" 10 samples"), "\(some)")
      let words = "--samples 1000000: 10 are measured, the recipe's test-samples, of 355 samples"
      #expect(some.errors.contains(words), "\(some)")
      let all = try Program.run(
        ["evaluate", "--model", "run", "--test-samples", "null", "--samples", "1000000"],
        in: trained.directory)
      #expect(all.errors.contains("355 are measured, the whole test split"), "\(all)")
    }

    @Test("a damaged model of a checkpoint is refused by the path of the checkpoint and its file")
    func damagedModel() throws {
      let trained = try TrainedDigits(steps: 1)
      let checkpoint = "run/checkpoints/step-00000001"
      var bytes = try trained.directory.data("\(checkpoint)/model.safetensors")
      bytes[bytes.count - 2] ^= 4
      try trained.directory.write(bytes, to: "\(checkpoint)/model.safetensors")
      for model in [checkpoint, "\(checkpoint)/model.safetensors"] {
        try trained.expectRefused([
          (["evaluate", "--model", model], .unusableInput, ["model.safetensors: SHA-256 is "])
        ])
      }
    }
  }
}
