import Foundation
import Testing

extension ProgramRuns {
  /// Measurements of a trained model from the command line.
  @Suite struct CurvatureCommandTests {
    /// Ranks and batch sizes that must change no byte.
    private static let launches: [(ranks: Int, batch: String)] = [
      (1, "128"), (2, "128"), (3, "40"), (4, "17"),
    ]

    private static func trained() throws -> TemporaryDirectory {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--run", "run", "--max-steps", "20", "--test-samples", "10"], in: directory)
      try #require(outcome.status == 0, "\(outcome)")
      return directory
    }

    @Test(
      "samples and statistics have the same bytes for any number of ranks and any batch size",
      arguments: [
        ["curvature"], ["curvature", "--method", "lanczos", "--of", "margin"],
        ["curvature", "--estimator", "reference", "--split", "both", "--samples", "100"],
        ["stability", "--directions", "2"],
      ])
    func sameBytes(command: [String]) throws {
      let directory = try Self.trained()
      var outputs: [String] = []
      for (index, launch) in Self.launches.enumerated() {
        let outcome = try Program.run(
          command + [
            "--model", "run", "--test-samples", "null", "--batch-size", launch.batch, "--csv",
            "\(index).csv", "--json", "\(index).json",
          ], ranks: launch.ranks, in: directory)
        #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(launch): \(outcome)")
        outputs.append(outcome.output)
        for file in ["csv", "json"] {
          let same = try directory.data("\(index).\(file)") == directory.data("0.\(file)")
          #expect(same, "\(command), n = \(launch.ranks), batch \(launch.batch): \(file)")
        }
        #expect(outcome.output == outputs[0], "n = \(launch.ranks), batch \(launch.batch)")
      }
      print(outputs[0])
      let lines = try directory.text("0.csv").split(separator: "\n")
      let columns = lines.map { $0.count { $0 == "," } }
      #expect(columns.allSatisfy { $0 == columns[0] })
      // 355 digits are for testing; seven radii; 100 samples of two splits.
      let rows = command[0] == "stability" ? 7 * 355 : command.contains("both") ? 200 : 355
      #expect(lines.count == 1 + rows, "\(lines.count) lines")
      #expect(outputs[0].contains("digits test: "))
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
      let directory = try Self.trained()
      let outcome = try Program.run(
        [
          "curvature", "--model", "run", "--test-samples", "null", "--csv", "c.csv", "--json",
          "c.json",
        ], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let rows = try directory.text("c.csv").split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let column = try #require(rows[0].firstIndex(of: "curvature"))
      let values = try rows.dropFirst().map { try #require(Double($0[column])) }
      let document = try JSONDecoder().decode(Document.self, from: directory.data("c.json"))
      let curvature = try #require(document.splits["test"]?.curvature)
      let mean = values.reduce(0, +) / Double(values.count)
      #expect(curvature.mean == mean && curvature.maximum == values.max())
      #expect(curvature.median == values.sorted()[values.count / 2])
    }

    /// Arguments after `--model run`, the exit code, and what the complaint contains.
    private static let refusals: [(command: [String], status: ExitStatus, words: [String])] = [
      (["curvature", "--samples", "0"], .usage, ["--samples 0 must be at least 1"]),
      (["stability", "--csv", "a", "--json", "a"], .usage, ["--csv and --json are both a"]),
      (["curvature", "--iterations", "0"], .usage, ["--iterations 0 must be at least 1"]),
      (["curvature", "--tolerance", "-1"], .usage, ["--tolerance"]),
      (
        ["curvature", "--estimator", "reference", "--method", "lanczos"], .usage,
        ["--estimator reference leaves no choice of --method"]
      ),
      (["stability", "--radii", "1e-3,0"], .usage, ["--radii 1e-3,0: expected positive numbers"]),
      (["stability", "--directions", "0"], .usage, ["--directions 0 must be at least 1"]),
      (["curvature", "--csv", "none/c.csv"], .writeFailed, ["none/c.csv", "No such file"]),
      (["stability", "--json", "run"], .writeFailed, ["run", "Is a directory"]),
      (["curvature", "--widths", "8,8"], .unusableInput, ["model.safetensors", "needs"]),
    ]

    @Test("what cannot be measured is refused in one line, and nothing is written")
    func refused() throws {
      let directory = try Self.trained()
      let before = try directory.snapshot()
      for refusal in Self.refusals {
        let outcome = try Program.run(
          refusal.command + ["--model", "run"], ranks: 2, in: directory)
        #expect(outcome.status == refusal.status.rawValue, "\(refusal.command): \(outcome)")
        let line = outcome.complaints.first ?? ""
        for word in refusal.words { #expect(line.contains(word), "no “\(word)” in: \(line)") }
        #expect(outcome.output.isEmpty, "\(outcome.output)")
      }
      let missing = try Program.run(["stability", "--model", "none"], ranks: 2, in: directory)
      #expect(missing.status == ExitStatus.unusableInput.rawValue, "\(missing)")
      #expect(missing.complaints.count == 1 && missing.complaints[0].contains("No such file"))
      #expect(try directory.snapshot() == before, "files were changed")
    }
  }
}
