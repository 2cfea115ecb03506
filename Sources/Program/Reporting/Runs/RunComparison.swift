import Recipes
import Training

/// Differences between two runs in recipe, environment and results.
public struct RunComparison {
  private let runs: [RunRecord]
  public let problems: [String]

  /// - Throws: ``RunResultsError`` if a path is no run.
  public init(_ first: String, _ second: String) throws {
    runs = [try RunRecord(first), try RunRecord(second)]
    var problems = runs.flatMap(\.problems)
    if runs[0].dataSet != runs[1].dataSet {
      problems.append("the runs are of different data sets: their results cannot be compared")
    }
    self.problems = problems
  }

  public var text: String {
    [("RECIPE", recipe), ("ENVIRONMENT", environment), ("RESULTS", results)].map { title, rows in
      guard !rows.isEmpty else { return "\(title): no difference" }
      var table = TextTable(header: [title] + runs.map(\.path), leftAligned: 3)
      for row in rows { table.append(row) }
      return table.text
    }.joined(separator: "\n\n")
  }

  private var recipe: [[String]] {
    let recipes = runs.map { $0.recipe?.jsonObject ?? [:] }
    return Recipe.keys.map(\.name).filter { recipes[0][$0] != recipes[1][$0] }.map { name in
      [name] + recipes.map { recipe in recipe[name].map { "\($0)" } ?? "–" }
    }
  }

  private var environment: [[String]] {
    let parts: [(String, (RunEnvironment) -> String)] = [
      ("program", \.versions.program), ("MPI", \.versions.messagePassing),
      ("OpenBLAS", \.versions.blas), ("vector units", { $0.vectorUnits ?? "–" }),
      ("precision", { $0.precision ?? "–" }), ("ranks", { "\($0.hosts.count)" }),
      ("threads", { "\($0.threads)" }),
      ("hosts", { Set($0.hosts).sorted().joined(separator: ", ") }),
      ("training samples", { String($0.trainData.prefix(12)) }),
      ("test samples", { String($0.testData.prefix(12)) }),
    ]
    return parts.map { name, value in
      [name] + runs.map { $0.starts.last.map(value) ?? "–" }
    }.filter { $0[1] != $0[2] }
  }

  private var results: [[String]] {
    let parts: [(String, (RunRecord) -> String?)] = [
      ("state", { RunState($0).rawValue }),
      ("epochs", { $0.metrics.map { "\($0.epochs.last?.epoch ?? 0)" } }),
      (
        "training loss",
        { $0.metrics?.epochs.last?["epoch/train-loss"].map { TextTable.number($0) } }
      ),
      ("test accuracy", { $0.testAccuracy.map { ConsoleProgress.percent($0) } }),
      (
        "E‖∇f‖",
        { $0.curvature.flatMap { CurvatureResult($0) }.map { TextTable.number($0.gradientNorm) } }
      ),
      (
        "E‖∇²f‖",
        { $0.curvature.flatMap { CurvatureResult($0) }.map { TextTable.number($0.hessianNorm) } }
      ),
      (
        "E C_f",
        { $0.curvature.flatMap { CurvatureResult($0) }.map { TextTable.number($0.curvature) } }
      ),
      ("images/s", { $0.epochs.last.map { TextTable.number($0.imagesPerSecond) } }),
    ]
    let rows = parts.map { name, value in [name] + runs.map { value($0) ?? "–" } }
    let epsilons = Set(runs.flatMap { robust($0).map(\.name) }).sorted()
    let attacked = epsilons.map { name in
      ["robust accuracy, \(name)"]
        + runs.map { run in
          robust(run).first { $0.name == name }.map { ConsoleProgress.percent($0.share) } ?? "–"
        }
    }
    return (rows + attacked).filter { $0[1] != "–" || $0[2] != "–" }
  }

  private func robust(_ run: RunRecord) -> [(name: String, share: Double)] {
    guard let result = run.attack.flatMap({ RobustnessResult($0) }) else { return [] }
    return result.epsilons.map {
      ("\(result.norm) \(TextTable.number($0.epsilon))", $0.accuracy)
    }
  }
}
