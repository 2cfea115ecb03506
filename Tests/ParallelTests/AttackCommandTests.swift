import Foundation
import Testing
import Training

extension ProgramRuns {
  /// Attacks on a trained model from the command line.
  @Suite struct AttackCommandTests {
    /// Ranks and batch sizes that must change no byte.
    private static let launches: [(ranks: Int, batch: String)] = [
      (1, "128"), (2, "128"), (3, "40"), (4, "17"),
    ]
    private static let files = ["a.json", "a.csv", "a.safetensors"]

    private static func trained() throws -> TemporaryDirectory {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--run", "run", "--max-steps", "60", "--test-samples", "10"], in: directory)
      try #require(outcome.status == 0, "\(outcome)")
      return directory
    }

    private static func arguments(_ more: [String], batch: String, folder: String) -> [String] {
      ["attack", "--model", "run", "--test-samples", "null", "--batch-size", batch] + more
        + ["--json", "\(folder)/a.json", "--csv", "\(folder)/a.csv"]
        + ["--save-adversarial", "\(folder)/a.safetensors"]
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
      let directory = try Self.trained()
      var first = ""
      for (index, launch) in Self.launches.enumerated() {
        try directory.makeDirectory("\(index)")
        let outcome = try Program.run(
          Self.arguments(command, batch: launch.batch, folder: "\(index)"), ranks: launch.ranks,
          in: directory)
        #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(launch): \(outcome)")
        for file in Self.files {
          let same = try directory.data("\(index)/\(file)") == directory.data("0/\(file)")
          #expect(same, "\(command), n = \(launch.ranks), batch \(launch.batch): \(file)")
        }
        if index == 0 { first = outcome.output }
        #expect(outcome.output == first, "n = \(launch.ranks), batch \(launch.batch)")
        #expect(try directory.snapshot()["\(index)/a.json.state"] == nil, "the state was left")
      }
      print(first)
      let lines = try directory.text("0/a.csv").split(separator: "\n")
      let columns = lines.map { $0.count { $0 == "," } }
      #expect(columns.allSatisfy { $0 == columns[0] })
      #expect(lines.count == 1 + (command.contains("150") ? 150 * 2 : 355 * 4))
    }

    @Test("an attack that is killed goes on from its state, with other ranks, to the same bytes")
    func resume() throws {
      let directory = try Self.trained()
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
      print("killed with \(lines) lines of state")
      // 45 slices at the images, and more at each of four stages.
      #expect(lines >= 60 && lines < 150)
      let results = try Self.files.filter { try directory.snapshot()["parts/\($0)"] != nil }
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
      for file in Self.files {
        let same = try directory.data("parts/\(file)") == directory.data("whole/\(file)")
        #expect(same, "\(file) differs")
      }
      #expect(try directory.snapshot()["parts/a.json.state"] == nil, "the state was left")
    }

    private func stateLines(_ directory: TemporaryDirectory) -> Int {
      (try? directory.data("parts/a.json.state"))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// Arguments after `attack --model run`, the exit code, and what the complaint contains.
    private static let refusals: [(arguments: [String], status: ExitStatus, words: [String])] = [
      (["--epsilons=-0.1"], .usage, ["--epsilons -0.1", "expected numbers above 0"]),
      (["--epsilons", "0.1,x"], .usage, ["\"x\" is no radius"]),
      (["--epsilons", "9"], .usage, ["--epsilons: 9.0 is beyond the images", "8.0 in l2"]),
      (["--norm", "linf", "--epsilons", "3/2"], .usage, ["1.5 is beyond the images"]),
      (["--norm", "l1"], .usage, ["l1", "--norm"]),
      (
        ["--attack", "pgd,fgsm"], .usage,
        ["there is no attack \"fgsm\", expected pgd, apgd-ce, apgd-t, square, autoattack"]
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
      let directory = try Self.trained()
      let before = try directory.snapshot()
      for refusal in Self.refusals {
        let outcome = try Program.run(
          ["attack", "--model", "run"] + refusal.arguments, ranks: 2, in: directory)
        #expect(outcome.status == refusal.status.rawValue, "\(refusal.arguments): \(outcome)")
        let line = outcome.complaints.first ?? ""
        for word in refusal.words { #expect(line.contains(word), "no “\(word)” in: \(line)") }
        #expect(outcome.output.isEmpty, "\(outcome.output)")
      }
      #expect(try directory.snapshot() == before, "files were changed")
    }
  }
}
