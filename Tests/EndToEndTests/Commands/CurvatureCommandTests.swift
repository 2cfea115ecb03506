import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Measurements of a trained model from the command line.
  @Suite struct CurvatureCommandTests {
    @Test(
      "samples and statistics have the same bytes for any number of ranks and any batch size",
      arguments: [
        ["curvature"], ["curvature", "--method", "power", "--of", "margin"],
        ["curvature", "--estimator", "reference", "--split", "both", "--samples", "100"],
        ["stability", "--directions", "2"],
      ])
    func sameBytes(command: [String]) throws {
      let run = try TrainedDigits()
      let output = try run.expectSameBytes(
        command, files: [("--csv", "c.csv"), ("--json", "c.json")])
      // 355 digits are for testing; seven radii; 100 samples of two splits.
      let rows = command[0] == "stability" ? 7 * 355 : command.contains("both") ? 200 : 355
      #expect(try run.rows("0/c.csv").count == 1 + rows)
      #expect(output.contains("digits test: "))
    }

    @Test(
      "a measurement that a signal ends goes on from its state, on other ranks, to the same bytes",
      arguments: [
        ["curvature", "--split", "both", "--iterations", "60", "--tolerance", "0"],
        ["stability", "--directions", "40"], ["bound", "--measured", "355"],
      ])
    func goesOn(command: [String]) throws {
      let directory = try TrainedDigits().directory
      func arguments(_ folder: String, batch: String) -> [String] {
        command + ["--model", "run", "--test-samples", "null", "--batch-size", batch]
          + ["--json", "\(folder)/c.json", "--csv", "\(folder)/c.csv"]
      }
      for folder in ["whole", "parts"] { try directory.makeDirectory(folder) }
      let whole = try Program.run(arguments("whole", batch: "64"), ranks: 2, in: directory)
      #expect(whole.status == 0, "\(whole)")

      let first = try Program.start(arguments("parts", batch: "16"), ranks: 2, in: directory)
      func lines() -> Int {
        ((try? directory.text("parts/c.json.state")) ?? "").count { $0 == "\n" }
      }
      while first.isRunning && lines() < 4 { usleep(500) }
      first.send(signal: SIGUSR1)
      let stopped = try first.outcome()
      #expect(stopped.status == ExitStatus.stopped.rawValue, "\(stopped)")
      #expect(
        stopped.errors.contains("the same command goes on with what is in parts/c.json.state"),
        "\(stopped)")
      #expect(lines() >= 4)

      let second = try Program.run(arguments("parts", batch: "40"), ranks: 3, in: directory)
      #expect(second.status == 0 && second.errors.contains("going on with "), "\(second)")
      #expect(second.output == whole.output)
      for file in ["c.json", "c.csv"] {
        let same = try directory.data("parts/\(file)") == directory.data("whole/\(file)")
        #expect(same, "\(file) differs")
      }
      #expect(try directory.snapshot()["parts/c.json.state"] == nil, "the state was left")
    }

    /// What is read here of the file that --json writes.
    private struct Document: Decodable {
      let splits: [String: Split]

      struct Split: Decodable { let curvature: Statistics }

      struct Statistics: Decodable {
        let mean: Double
        let median: Double
        let maximum: Double
      }
    }

    @Test("statistics are those of the samples")
    func statistics() throws {
      let run = try TrainedDigits()
      let outcome = try Program.run(
        [
          "curvature", "--model", "run", "--test-samples", "null", "--csv", "c.csv", "--json",
          "c.json",
        ], ranks: 2, in: run.directory)
      #expect(outcome.status == 0, "\(outcome)")
      let rows = try run.rows("c.csv")
      let column = try #require(rows[0].firstIndex(of: "curvature"))
      let values = try rows.dropFirst().map { try #require(Double($0[column])) }
      let document = try JSONDecoder().decode(Document.self, from: run.directory.data("c.json"))
      let curvature = try #require(document.splits["test"]?.curvature)
      let mean = values.reduce(0, +) / Double(values.count)
      #expect(curvature.mean == mean && curvature.maximum == values.max())
      #expect(curvature.median == values.sorted()[values.count / 2])
    }

    private static let refusals: [TrainedDigits.Refusal] = [
      (["curvature", "--samples", "0"], .usage, ["--samples 0 must be at least 1"]),
      (
        ["stability", "--csv", "a", "--json", "a"], .usage,
        ["a is named for two results, expected a file for each"]
      ),
      (["curvature", "--iterations", "0"], .usage, ["--iterations 0 must be at least 1"]),
      (["curvature", "--tolerance", "-1"], .usage, ["--tolerance -1.0 must be a number"]),
      (
        ["curvature", "--estimator", "reference", "--method", "power"], .usage,
        ["--estimator reference leaves no choice of --method"]
      ),
      (
        ["stability", "--radii", "1e-3,0"], .usage,
        ["--radii 1e-3,0: expected numbers above 0", "\"0\""]
      ),
      (["stability", "--radii", "-1e-3,1"], .usage, ["--radii -1e-3,1: expected numbers above 0"]),
      (["stability", "--directions", "0"], .usage, ["--directions 0 must be at least 1"]),
      (["curvature", "--csv", "none/c.csv"], .writeFailed, ["none/c.csv", "No such file"]),
      (["stability", "--json", "run"], .writeFailed, ["run", "Is a directory"]),
      (["curvature", "--widths", "8,8"], .unusableInput, ["model.safetensors", "needs"]),
    ]

    @Test("what cannot be measured is refused in one line, and nothing is written")
    func refused() throws {
      let run = try TrainedDigits()
      try run.expectRefused(
        Self.refusals.map { ($0.arguments + ["--model", "run"], $0.status, $0.words) })
      let missing = try Program.run(["stability", "--model", "none"], ranks: 2, in: run.directory)
      #expect(missing.status == ExitStatus.unusableInput.rawValue, "\(missing)")
      #expect(missing.complaints.count == 1 && missing.complaints[0].contains("No such file"))
    }
  }
}
