import Foundation
import Recipes
import Reporting
import TestFiles
import Testing

/// The paper's tables, from runs on disk.
@Suite struct ResultsTableTests {
  /// Two seeds of one arm, and two other rows.
  private static func fourRuns() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try RunOnDisk.write(
      "sweep", arm: .lcnn, seed: 1, accuracy: 0.5, curvature: 3.5, robust: [0.25],
      keys: [("gamma-penalty", "1e-3")], in: directory)
    try RunOnDisk.write(
      "a", arm: .standard, seed: 1, accuracy: 0.5, curvature: 40.5, robust: [0.5, 0.25],
      in: directory)
    try RunOnDisk.write(
      "b", arm: .standard, seed: 2, accuracy: 0.75, curvature: 44.5, robust: [0.75, 0.25],
      keys: [("slice-size", "4")], in: directory)
    try RunOnDisk.write(
      "deep", arm: .cure, seed: 1, accuracy: 0.5, keys: [("epochs", "3")], in: directory)
    return directory
  }

  private static func table(_ runs: [String], in directory: TemporaryDirectory) throws
    -> ResultsTable
  {
    try ResultsTable(runs.map { try RunResults("\(directory.path)/\($0)") })
  }

  @Test("seeds share a row with their mean and its standard error, rows follow the arms")
  func text() throws {
    let directory = try Self.fourRuns()
    let table = try Self.table(["sweep", "a", "b", "deep"], in: directory)
    // 40.5 and 44.5: s = √8, s/√2 = 2; 50 % and 75 %: 12.5.
    #expect(
      table.formatted(as: .text) == """
        f: loss; ten products; 7 test samples
                                             seeds    E‖∇f‖    E‖∇²f‖     E C_f    test acc. %
        Standard, epochs 2                       2  2.5 ± 0  30.5 ± 0  42.5 ± 2  62.50 ± 12.50
        LCNN, gamma-penalty 0.001, epochs 2      1      2.5      30.5       3.5          50.00
        CURE, epochs 3                           1        –         –         –          50.00

        attack: pgd (steps 20); 9 test samples
                                             seeds         L2 0.1        L2 0.2
        Standard, epochs 2                       2  62.50 ± 12.50  25.00 ± 0.00
        LCNN, gamma-penalty 0.001, epochs 2      1          25.00             –
        CURE, epochs 3                           1              –             –
        """)
  }

  @Test("a missing number is noted with the command that supplies it")
  func notes() throws {
    let directory = try Self.fourRuns()
    let run = "\(directory.path)/deep"
    #expect(
      try Self.table(["a", "deep"], in: directory).notes == [
        "\(run): 2 of 3 epochs; go on by lcnn-dist train --resume --run \(run)",
        "\(run): no curvature.json of test samples; make it by "
          + "lcnn-dist curvature --model \(run) --json \(run)/curvature.json",
        "\(run): no attack.json of test samples; make it by "
          + "lcnn-dist attack --model \(run) --json \(run)/attack.json",
      ])
  }

  @Test("a measurement that is older than the run is noted")
  func outdated() throws {
    let directory = try Self.fourRuns()
    let file = "\(directory.path)/a/curvature.json"
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: file)
    #expect(
      try Self.table(["a"], in: directory).notes == [
        "\(file) is older than the run's last step: measure again"
      ])
  }

  @Test("runs of one seed count once, by their mean, and are named")
  func oneSeed() throws {
    let directory = try Self.fourRuns()
    for (run, accuracy) in [("again", 0.25), ("third", 0.75)] {
      try RunOnDisk.write(run, arm: .standard, seed: 1, accuracy: accuracy, in: directory)
    }
    let table = try Self.table(["a", "again", "third", "b"], in: directory)
    let rows = table.formatted(as: .csv).split(separator: "\n").dropFirst()
    // Seed 1: 50, 25 and 75 %; seed 2: 75 %.
    #expect(rows.count == 1 && rows.first?.contains(",0.625,0.125") == true, "\(rows)")
    #expect(rows.first?.hasPrefix("standard,\"\",2,") == true, "\(rows)")
    #expect(table.notes[0].contains("again, ") && table.notes[0].contains("one seed, 1, "))
  }

  @Test(
    "a run that was resumed by another recipe is a row of its own, labelled by what was trained")
  func changedRecipe() throws {
    let directory = try Self.fourRuns()
    try RunOnDisk.write(
      "c", arm: .standard, seed: 3, accuracy: 0.5, starts: [(0, "0.1"), (1, "0.2"), (1, "0.3")],
      in: directory)
    try RunOnDisk.write(
      "d", arm: .standard, seed: 3, accuracy: 0.5, starts: [(0, "0.1"), (2, "0.2")],
      in: directory)
    let table = try Self.table(["a", "c", "d"], in: directory)
    let rows = table.formatted(as: .csv).split(separator: "\n").dropFirst()
    #expect(
      rows.map { $0.split(separator: ",")[1...2].joined(separator: ",") } == [
        "\"\",2", "\"learning-rate 0.3 after step 1\",1",
      ])
  }

  @Test("a measurement of another model than the newest, and metrics that were cut, are noted")
  func stale() throws {
    let directory = try Self.fourRuns()
    let digest = String(repeating: "0", count: 64)
    try directory.write(
      "\(digest)  model.safetensors\n".utf8, to: "a/checkpoints/step-00000002/SHA256SUMS")
    let document = RunOnDisk.curvatureDocument(mean: 40.5)
    for (found, step) in [(digest, 2), (digest.replacing("0", with: "1"), 1)] {
      let members = "\"model-sha256\" : \"\(found)\", \"model-step\" : \(step), \"model\""
      try directory.write(
        document.replacing("\"model\"", with: members).utf8, to: "a/curvature.json")
      let notes = try Self.table(["a"], in: directory).notes.filter { $0.contains("step 1") }
      #expect(notes.count == (step == 2 ? 0 : 1), "\(notes)")
    }
    try directory.write([], to: "a/checkpoints/step-00000005/SHA256SUMS")
    let cut = try Self.table(["a"], in: directory)
    #expect(cut.notes.contains { $0.contains("ends at step 2, before the checkpoint of step 5") })
    let row = cut.formatted(as: .csv)
    #expect(row.contains(",40.5,,,,0.5,"), "no test accuracy in: \(row)")
    // The other commands that show a run say the same of it, and of every measurement.
    let members = "\"model-sha256\" : \"\(digest)\", \"model-step\" : 1, \"model\""
    let landscape = RunOnDisk.landscapeDocument(bend: 3).replacing("\"model\"", with: members)
    try directory.write(landscape.utf8, to: "a/landscape.json")
    try directory.write(
      "\(digest.replacing("0", with: "2"))  model.safetensors\n".utf8,
      to: "a/checkpoints/step-00000005/SHA256SUMS")
    let run = "\(directory.path)/a"
    let list = try RunList(in: directory.path)
    #expect(!list.text(sortedBy: .name, filters: [(.name, "a")]).contains("50.00 %"))
    let report = try RunReport([run])
    #expect(!report.summary.contains { $0.contains("Right answers on test images") })
    let comparison = try RunComparison(run, "\(directory.path)/b")
    for problems in [list.problems, report.problems, comparison.problems] {
      #expect(problems.contains { $0.contains("before the checkpoint of step 5") }, "\(problems)")
      for file in ["curvature", "landscape"] {
        #expect(problems.contains { $0.contains("\(file).json is of the model") }, "\(problems)")
      }
    }
  }

  @Test("Markdown and CSV hold the same numbers")
  func formats() throws {
    let directory = try Self.fourRuns()
    let table = try Self.table(["a", "b", "sweep"], in: directory)
    #expect(
      table.formatted(as: .markdown).contains(
        """
        |  | seeds | E‖∇f‖ | E‖∇²f‖ | E C_f | test acc. % |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | Standard | 2 | 2.5 ± 0 | 30.5 ± 0 | 42.5 ± 2 | 62.50 ± 12.50 |
        """))
    #expect(
      table.formatted(as: .csv) == """
        arm,settings,seeds,gradient-norm,gradient-norm-error,hessian-norm,hessian-norm-error,\
        curvature,curvature-error,test-accuracy,test-accuracy-error,robust-accuracy-l2-0.1,\
        robust-accuracy-l2-0.1-error,robust-accuracy-l2-0.2,robust-accuracy-l2-0.2-error
        standard,"",2,2.5,0.0,30.5,0.0,42.5,2.0,0.625,0.125,0.625,0.125,0.25,0.0
        lcnn,"gamma-penalty 0.001",1,2.5,,30.5,,3.5,,0.5,,0.25,,,
        """)
  }

  @Test("directories without a run are skipped, each with its reason")
  func skipped() throws {
    let directory = try Self.fourRuns()
    try directory.makeDirectory("empty")
    try directory.write("epoch: 3".utf8, to: "foreign/recipe.json")
    let paths = ["empty", "a", "none", "foreign", "b"].map { "\(directory.path)/\($0)" }
    let (runs, skipped) = try RunResults.read(paths)
    #expect(runs.map(\.path) == [paths[1], paths[4]])
    #expect(
      skipped.map(\.description) == [
        "\(paths[0]): no run here, expected a directory with a recipe.json",
        "\(paths[2]): no run here, expected a directory with a recipe.json",
        "\(paths[3])/recipe.json:1: unknown key \"epoch\"; did you mean \"epochs\"?",
      ])
  }

  @Test("a table needs at least one run")
  func noRun() throws {
    let directory = try TemporaryDirectory()
    let paths = ["x", "y"].map { "\(directory.path)/\($0)" }
    #expect(throws: RunResultsError.notARun(path: paths[0])) { try RunResults.read([paths[0]]) }
    #expect(throws: RunResultsError.noRun(paths: paths)) { try RunResults.read(paths) }
  }

  @Test(
    "a damaged measurement of a run is refused with its path and the fault",
    arguments: [
      ("curvature.json", "{\"method\": 3}", "expected \"method\" to be a String"),
      ("attack.json", "{", "not JSON"), ("attack.json", "{}", "expected \"model\""),
    ])
  func damaged(file: String, text: String, reason: String) throws {
    let directory = try Self.fourRuns()
    try directory.write(text.utf8, to: "a/\(file)")
    let path = "\(directory.path)/a"
    #expect(throws: RunResultsError.unreadable(path: "\(path)/\(file)", reason: reason)) {
      try RunResults.read(["\(directory.path)/b", path])
    }
  }
}
