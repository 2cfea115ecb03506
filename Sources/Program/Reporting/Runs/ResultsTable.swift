import Checkpoints
import Curvature
import Failures
import Recipes

/// The paper's two tables, from the results of several runs: geometry with accuracy, and robust
/// accuracy.
///
/// A row combines the runs that were trained by recipes that differ only in
/// ``Recipe/repetitionKeys``: one experiment with several seeds. Its numbers are means over these
/// seeds, ± the standard error of the mean. Runs of one seed are no replicates: their mean counts.
public struct ResultsTable {
  /// A column, which shows one number of each run.
  struct Column {
    enum Part { case geometry, robustness }
    /// Scale on which the number is shown.
    enum Scale { case plain, percent }

    /// Name of the column in the CSV header.
    let name: String
    let title: String
    let part: Part
    let scale: Scale
    let value: @Sendable (RunResults) -> Double?
  }

  struct Row {
    let arm: Arm
    /// Settings that distinguish the row from its arm and from other rows.
    let settings: [String]
    let runs: [RunResults]

    /// The runs of each seed.
    var seeds: [[RunResults]] {
      Dictionary(grouping: runs) { $0.recipe.seed }.sorted { $0.key < $1.key }.map(\.value)
    }

    var title: String { ([arm.title] + settings).joined(separator: ", ") }

    /// Statistics over the seeds that have the number; nil if none has it.
    func statistics(_ column: Column) -> SampleStatistics? {
      let values = seeds.compactMap { runs -> Double? in
        let values = runs.compactMap(column.value)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      }
      return values.isEmpty ? nil : SampleStatistics(values)
    }
  }

  let columns: [Column]
  let rows: [Row]
  private let runs: [RunResults]

  /// - Parameter runs: one or more runs.
  public init(_ runs: [RunResults]) throws {
    self.runs = runs
    columns = Self.geometry + Self.robustness(runs)
    rows = try Self.rows(runs)
  }

  /// Descriptions of how the numbers of a table were measured.
  func captions(_ part: Column.Part) -> [String] {
    let methods = runs.compactMap { run in
      switch part {
      case .geometry: run.curvature?.method
      case .robustness: run.robustness?.method
      }
    }
    return methods.enumerated().filter { methods.firstIndex(of: $0.element) == $0.offset }
      .map(\.element)
  }

  /// Notes about missing results, one line each, with the commands that would supply them.
  public var notes: [String] {
    let repeated = rows.flatMap(\.seeds).filter { $0.count > 1 }.map { runs in
      "\(runs.map(\.path).joined(separator: ", ")): runs of one seed, \(runs[0].recipe.seed), "
        + "whose mean counts once"
    }
    return repeated
      + runs.flatMap { run in
        var notes: [String] = []
        let last = run.recipe.maxSteps == nil && run.epochs < run.recipe.epochs
        if run.freshness.lostMetrics == nil && run.testAccuracy == nil || last {
          notes.append(
            "\(run.path): \(run.epochs) of \(run.recipe.epochs) epochs; go on by "
              + "lcnn-dist train --resume --run \(ShellWord(run.path))")
        }
        if run.curvature == nil {
          notes.append(Self.supply(.curvature, of: run.path, by: "curvature"))
        }
        if run.robustness == nil {
          notes.append(Self.supply(.attack, of: run.path, by: "attack"))
        }
        return notes + run.freshness.notes
      }
  }

  private static func supply(_ file: RunFile, of path: String, by command: String) -> String {
    "\(path): no \(file.rawValue) of test samples; make it by "
      + "lcnn-dist \(command) --model \(ShellWord(path)) --json \(ShellWord(file.path(in: path)))"
  }

  private static let geometry = [
    Column(name: "gradient-norm", title: "E‖∇f‖", part: .geometry, scale: .plain) {
      $0.curvature?.gradientNorm
    },
    Column(name: "hessian-norm", title: "E‖∇²f‖", part: .geometry, scale: .plain) {
      $0.curvature?.hessianNorm
    },
    Column(name: "curvature", title: "E C_f", part: .geometry, scale: .plain) {
      $0.curvature?.curvature
    },
    Column(name: "test-accuracy", title: "test acc. %", part: .geometry, scale: .percent) {
      $0.testAccuracy
    },
  ]

  /// Columns of robust accuracy, one for each norm and ε that occurs.
  private static func robustness(_ runs: [RunResults]) -> [Column] {
    let measured = runs.compactMap(\.robustness)
    let norms = Set(measured.map(\.norm)).sorted()
    return norms.flatMap { norm in
      let epsilons = measured.filter { $0.norm == norm }.flatMap { $0.epsilons.map(\.epsilon) }
      return Set(epsilons).sorted().map { epsilon in
        Column(
          name: "robust-accuracy-\(norm)-\(epsilon)",
          title: "\(norm == "linf" ? "L∞" : norm.uppercased()) \(TextTable.number(epsilon))",
          part: .robustness, scale: .percent
        ) { run in
          guard let robustness = run.robustness, robustness.norm == norm else { return nil }
          return robustness.epsilons.first { $0.epsilon == epsilon }?.accuracy
        }
      }
    }
  }

  /// Groups the runs by recipe, in the order of the arms and then of the runs.
  private static func rows(_ runs: [RunResults]) throws -> [Row] {
    var groups: [(experiment: [[String: RecipeValue]], runs: [RunResults])] = []
    for run in runs {
      let experiment = run.trained.experiment
      if let index = groups.firstIndex(where: { $0.experiment == experiment }) {
        groups[index].runs.append(run)
      } else {
        groups.append((experiment, [run]))
      }
    }
    // Values that all rows share need not be shown.
    let varied = Recipe.keys.map(\.name).filter { name in
      !Arm.keys.contains(name)
        && groups.contains {
          $0.experiment[0][name] != groups[0].experiment[0][name]
        }
    }
    let rows = try groups.map { group in
      let (arm, differences) = try group.runs[0].trained.first.nearestArm
      let others = varied.map { (key: $0, value: group.experiment[0][$0] ?? .null) }
      return Row(
        arm: arm,
        settings: (differences + others).map { "\($0.key) \($0.value)" }
          + group.runs[0].trained.changes,
        runs: group.runs)
    }
    return Arm.allCases.flatMap { arm in rows.filter { $0.arm == arm } }
  }
}
