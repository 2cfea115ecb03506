import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Attacks on a trained model from the command line.
  @Suite struct AttackCommandTests {
    private static let files = [
      (option: "--json", name: "a.json"), (option: "--csv", name: "a.csv"),
      (option: "--save-adversarial", name: "a.safetensors"),
    ]

    private static func arguments(_ more: [String], batch: String, folder: String) -> [String] {
      ["attack", "--model", "run", "--test-samples", "null", "--batch-size", batch] + more
        + files.flatMap { [$0.option, "\(folder)/\($0.name)"] }
    }

    @Test(
      "findings have the same bytes for any number of ranks and any batch size",
      arguments: [
        [
          "--attack", "autoattack", "--iterations", "12", "--queries", "60", "--targets", "3",
          "--samples", "150", "--epsilons", "0.3,0.8",
        ],
        ["--norm", "linf", "--attack", "pgd", "--steps", "10", "--restarts", "2"],
      ])
    func sameBytes(command: [String]) throws {
      let run = try TrainedDigits(steps: 60)
      _ = try run.expectSameBytes(["attack"] + command, files: Self.files)
      #expect(
        try run.rows("0/a.csv").count == 1 + (command.contains("150") ? 150 * 2 : 355 * 4))
    }

    @Test("an attack that is killed goes on from its state, with other ranks, to the same bytes")
    func resume() throws {
      let directory = try TrainedDigits(steps: 60).directory
      let command = ["--steps", "150", "--epsilons", "0.1,0.3", "--restarts", "2"]
      for folder in ["whole", "parts"] { try directory.makeDirectory(folder) }
      let whole = try Program.run(
        Self.arguments(command, batch: "32", folder: "whole"), ranks: 2, in: directory)
      #expect(whole.status == 0, "\(whole)")

      let first = try Program.start(
        Self.arguments(command, batch: "32", folder: "parts"), ranks: 2, in: directory)
      while first.isRunning && stateLines(directory) < 60 { usleep(500) }
      first.send(signal: SIGTERM)
      let killed = try first.outcome()
      #expect(killed.status != 0, "\(killed)")
      let lines = stateLines(directory)
      // 45 slices at the images, and more at each of four stages.
      #expect(lines >= 60 && lines < 150)
      let results = try Self.files.filter { try directory.snapshot()["parts/\($0.name)"] != nil }
      #expect(results.isEmpty, "\(results)")

      let other = try Program.run(
        Self.arguments(command + ["--steps", "151"], batch: "32", folder: "parts"), ranks: 2,
        in: directory)
      #expect(other.status == ExitStatus.usage.rawValue, "\(other)")
      #expect(other.complaints.first?.contains("its steps is 150, not 151") ?? false, "\(other)")

      let second = try Program.run(
        Self.arguments(command, batch: "40", folder: "parts"), ranks: 3, in: directory)
      #expect(second.status == 0 && second.errors.contains("going on with "), "\(second)")
      #expect(second.output == whole.output)
      for (_, file) in Self.files {
        let same = try directory.data("parts/\(file)") == directory.data("whole/\(file)")
        #expect(same, "\(file) differs")
      }
      #expect(try directory.snapshot()["parts/a.json.state"] == nil, "the state was left")
    }

    private func stateLines(_ directory: TemporaryDirectory) -> Int {
      (try? directory.data("parts/a.json.state"))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    private static let refusals: [TrainedDigits.Refusal] = [
      (["--epsilons=-0.1"], .usage, ["--epsilons -0.1: expected numbers above 0"]),
      (["--epsilons", "-0.1"], .usage, ["--epsilons -0.1: expected numbers above 0"]),
      (["--epsilons", "-1/255,1"], .usage, ["--epsilons -1/255,1: ", "found \"-1/255\""]),
      (["--epsilons", "0.1,x"], .usage, ["--epsilons 0.1,x: ", "found \"x\""]),
      (["--epsilons", "--norm", "linf"], .usage, ["Missing value for '--epsilons"]),
      (["--steps", "-5"], .usage, ["--steps -5 must be at least 1"]),
      (["--epsilons", "9"], .usage, ["--epsilons: 9.0 is beyond the images", "8.0 in l2"]),
      (["--norm", "linf", "--epsilons", "3/2"], .usage, ["1.5 is beyond the images"]),
      (["--norm", "l1"], .usage, ["l1", "--norm"]),
      (
        ["--attack", "pgd,fgsm"], .usage,
        ["there is no attack \"fgsm\", expected pgd, apgd-ce, apgd-t, fab-t, square, autoattack"]
      ),
      (["--attack", "square,autoattack"], .usage, ["names an attack twice"]),
      (["--samples", "0"], .usage, ["--samples 0 must be at least 1"]),
      (["--steps", "0"], .usage, ["--steps 0 must be at least 1"]),
      (["--csv", "a", "--state", "a"], .usage, ["a is named for two results"]),
      (["--json", "none/c.json"], .writeFailed, ["none/c.json", "No such file"]),
      (["--state", "run"], .writeFailed, ["run", "Is a directory"]),
      (["--widths", "8,8"], .unusableInput, ["model.safetensors", "needs"]),
      (
        ["--data-set", "synthetic", "--synthetic-size", "8", "--synthetic-classes", "7"],
        .unusableInput, ["model.safetensors", "needs"]
      ),
    ]

    @Test("what cannot be attacked is refused in one line, and nothing is written")
    func refused() throws {
      try TrainedDigits(steps: 60).expectRefused(Self.refusals, by: ["attack", "--model", "run"])
    }
  }
}
