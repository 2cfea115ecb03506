import Failures
import Foundation
import Recipes
import TestFiles
import Testing

extension ProgramRuns {
  /// The arms from the command line, and the tables of what they have left.
  @Suite struct TableCommandTests {
    private static func table(
      _ arguments: [String], in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      let outcome = try Program.run(["table"] + arguments, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome
    }

    @Test("directories without a run are named in a warning, and are refused where no run is left")
    func skipped() throws {
      let directory = try TemporaryDirectory()
      try directory.write(Recipe().json().utf8, to: "run/recipe.json")
      let outcome = try Self.table(["none", "run/", "."], in: directory)
      #expect(outcome.output.contains("LCNN"), "\(outcome)")
      for name in ["none", "."] {
        let warning = "skipped \(name): no run here, expected a directory with a recipe.json"
        #expect(outcome.complaints.contains(warning), "\(outcome)")
      }
      for (runs, complaint) in [
        (["none"], "none: no run here, expected a directory with a recipe.json"),
        (["none", "."], "no run in none, .: expected directories with a recipe.json"),
      ] {
        let outcome = try Program.run(["table"] + runs, in: directory)
        #expect(outcome.status == ExitStatus.unusableInput.rawValue, "\(outcome)")
        #expect(outcome.complaints == ["lcnn-dist: \(complaint)"], "\(outcome)")
      }
      for (arguments, complaint) in [
        (["run", "run/"], "run is named twice"), ([], "Missing expected argument"),
      ] {
        let outcome = try Program.run(["table"] + arguments, in: directory)
        #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
        #expect(outcome.errors.contains(complaint), "\(outcome)")
      }
    }

    @Test("every arm trains on the digits, and their table has a row of each")
    func arms() throws {
      let directory = try TemporaryDirectory()
      for arm in Arm.allCases {
        let outcome = try Program.run(
          [
            "train", "--arm", arm.rawValue, "--run", arm.rawValue, "--epochs", "5",
            "--test-samples", "200",
          ], ranks: 2, in: directory)
        #expect(outcome.status == 0, "\(outcome)")
      }
      let measured = try Program.run(
        ["curvature", "--model", "cure", "--samples", "16", "--json", "cure/curvature.json"],
        in: directory)
      #expect(measured.status == 0, "\(measured)")
      let attacked = try Program.run(
        ["attack", "--model", "cure", "--samples", "16", "--json", "cure/attack.json"],
        in: directory)
      #expect(attacked.status == 0, "\(attacked)")
      let outcome = try Self.table(Arm.allCases.map(\.rawValue), in: directory)
      let lines = outcome.output.split(separator: "\n")
      for arm in Arm.allCases {
        // In each of the two tables. Five epochs teach each arm 80 % and more; guessing is 10 %.
        let rows = lines.filter { $0.hasPrefix("\(arm.title)  ") }
        try #require(rows.count == 2, "\(arm)")
        let accuracy = try #require(rows[0].split(separator: " ").last.flatMap { Double($0) })
        #expect(accuracy > 60, "\(rows[0])")
        #expect(rows[0].contains("–") == (arm != .cure), "\(rows[0])")
        #expect(rows[1].contains("–") == (arm != .cure), "\(rows[1])")
      }
    }
  }
}
