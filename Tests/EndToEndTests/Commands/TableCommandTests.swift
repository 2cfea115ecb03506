import Failures
import Foundation
import Recipes
import TestFiles
import Testing

extension ProgramRuns {
  /// The arms from the command line, and the tables of what they have left.
  @Suite struct TableCommandTests {
    /// Writes a run's directory without training.
    private static func write(
      _ run: String, arm: Arm, seed: UInt64, accuracy: Double, curvature: Double? = nil,
      robust: [Double] = [], keys: [(String, String)] = [], in directory: TemporaryDirectory
    ) throws {
      var recipe = Recipe()
      try recipe.apply(arm)
      recipe.seed = seed
      recipe.epochs = 2
      for (key, text) in keys { try recipe.set(key: key, text: text) }
      let path = "\(directory.path)/\(run)"
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
      func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
      }
      try write(try recipe.json(), "recipe.json")
      try write(
        """
        {"step": 1, "epoch": 1, "train/loss": 1.5}
        {"step": 1, "epoch": 1, "epoch/train-loss": 1.5, "test/accuracy": 0.125}
        {"step": 2, "epoch": 2, "epoch/train-loss": 1.25, "test/accuracy": \(accuracy)}
        {"step": 3, "epoch": 3, "epoch/tra
        """, "metrics.jsonl")
      if let curvature {
        try write(
          """
          {"of": "loss", "method": "ten products", "splits": {"test": {"samples": 7,
          "gradient-norm": {"mean": 2}, "hessian-norm": {"mean": 30},
          "curvature": {"mean": \(curvature)}}}}
          """, "curvature.json")
      }
      if !robust.isEmpty {
        let rows = robust.enumerated().map {
          "{\"epsilon\": 0.\($0.offset + 1), \"robust\": {\"share\": \($0.element)}}"
        }
        try write(
          """
          {"split": "test", "norm": "l2", "attacks": ["pgd"], "effort": {"steps": "20"},
          "results": {"accuracy": {"count": 9}, "epsilons": [\(rows.joined(separator: ","))]}}
          """, "attack.json")
      }
    }

    private static func table(
      _ arguments: [String], in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      let outcome = try Program.run(["table"] + arguments, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome
    }

    /// Two seeds of one arm, and two other rows.
    private static func fourRuns() throws -> TemporaryDirectory {
      let directory = try TemporaryDirectory()
      try write(
        "sweep", arm: .lcnn, seed: 1, accuracy: 0.5, curvature: 3, robust: [0.25],
        keys: [("gamma-penalty", "1e-3")], in: directory)
      try write(
        "a", arm: .standard, seed: 1, accuracy: 0.5, curvature: 40, robust: [0.5, 0.25],
        in: directory)
      try write(
        "b", arm: .standard, seed: 2, accuracy: 0.75, curvature: 44, robust: [0.75, 0.25],
        keys: [("slice-size", "4")], in: directory)
      try write("deep", arm: .cure, seed: 1, accuracy: 0.5, keys: [("epochs", "3")], in: directory)
      return directory
    }

    @Test("seeds share a row with their mean and its standard error, rows follow the arms")
    func text() throws {
      let directory = try Self.fourRuns()
      let outcome = try Self.table(["sweep", "a/", "b", "deep"], in: directory)
      // Of 40 and 44: s = √8, s/√2 = 2; of 50 % and 75 %: 12.5.
      #expect(
        outcome.output == """
          f: loss; ten products; 7 test samples
                                               runs  E‖∇f‖  E‖∇²f‖   E C_f    test acc. %
          Standard, epochs 2                      2  2 ± 0  30 ± 0  42 ± 2  62.50 ± 12.50
          LCNN, gamma-penalty 0.001, epochs 2     1      2      30       3          50.00
          CURE, epochs 3                          1      –       –       –          50.00

          attack: pgd (steps 20); 9 test samples
                                               runs         L2 0.1        L2 0.2
          Standard, epochs 2                      2  62.50 ± 12.50  25.00 ± 0.00
          LCNN, gamma-penalty 0.001, epochs 2     1          25.00             –
          CURE, epochs 3                          1              –             –

          """)
      #expect(
        outcome.complaints == [
          "deep: 2 of 3 epochs; go on by lcnn-dist train --resume --run deep",
          "deep: no curvature.json of test samples; make it by "
            + "lcnn-dist curvature --model deep --json deep/curvature.json",
          "deep: no attack.json of test samples; make it by "
            + "lcnn-dist attack --model deep --json deep/attack.json",
        ])
    }

    @Test("Markdown and CSV hold the same numbers")
    func formats() throws {
      let directory = try Self.fourRuns()
      let markdown = try Self.table(["a", "b", "sweep", "--format", "markdown"], in: directory)
      #expect(
        markdown.output.contains(
          """
          |  | runs | E‖∇f‖ | E‖∇²f‖ | E C_f | test acc. % |
          | --- | ---: | ---: | ---: | ---: | ---: |
          | Standard | 2 | 2 ± 0 | 30 ± 0 | 42 ± 2 | 62.50 ± 12.50 |
          """), "\(markdown)")
      let csv = try Self.table(["a", "b", "sweep", "--format", "csv"], in: directory)
      #expect(
        csv.output == """
          arm,settings,runs,gradient-norm,gradient-norm-error,hessian-norm,hessian-norm-error,\
          curvature,curvature-error,test-accuracy,test-accuracy-error,robust-accuracy-l2-0.1,\
          robust-accuracy-l2-0.1-error,robust-accuracy-l2-0.2,robust-accuracy-l2-0.2-error
          standard,"",2,2.0,0.0,30.0,0.0,42.0,2.0,0.625,0.125,0.625,0.125,0.25,0.0
          lcnn,"gamma-penalty 0.001",1,2.0,,30.0,,3.0,,0.5,,0.25,,,

          """)
    }

    @Test("a measurement that is older than the run is told")
    func outdated() throws {
      let directory = try Self.fourRuns()
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1)],
        ofItemAtPath: "\(directory.path)/a/curvature.json")
      let outcome = try Self.table(["a"], in: directory)
      #expect(
        outcome.complaints == [
          "a/curvature.json is older than the run's last step: measure again"
        ])
    }

    @Test("what is no run or no measurement is refused with its path")
    func refused() throws {
      let directory = try Self.fourRuns()
      try "{\"method\": 3}".write(
        toFile: "\(directory.path)/a/curvature.json", atomically: true, encoding: .utf8)
      try "{".write(
        toFile: "\(directory.path)/b/attack.json", atomically: true, encoding: .utf8)
      for (runs, complaint) in [
        (["none"], "none: no run here, expected a directory with a recipe.json"),
        (["."], ".: no run here, expected a directory with a recipe.json"),
        (["a"], "a/curvature.json: expected \"method\" to be a String"),
        (["b"], "b/attack.json: not JSON"),
      ] {
        let outcome = try Program.run(["table"] + runs, in: directory)
        #expect(outcome.status == ExitStatus.unusableInput.rawValue, "\(outcome)")
        #expect(outcome.complaints == ["lcnn-dist: \(complaint)"], "\(outcome)")
      }
      for (arguments, complaint) in [
        (["sweep", "sweep/"], "sweep is named twice"), ([], "Missing expected argument"),
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
