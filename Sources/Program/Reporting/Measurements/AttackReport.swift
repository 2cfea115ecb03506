import Datasets
import Robustness

/// Report of an attack on one split: a text, CSV lines and statistics.
public struct AttackReport {
  /// Names of the columns of ``csv``.
  public static let csvHeader =
    "split,index,label,prediction,clean-margin,clean-loss,epsilon,broken,attack,found-for,"
    + "adversarial-prediction,margin,loss,distance,passes\n"

  public let summary: RobustnessSummary
  private let tally: RobustnessTally
  private let dataset: Dataset

  public init(_ tally: RobustnessTally, of dataset: Dataset) {
    self.tally = tally
    self.dataset = dataset
    summary = tally.summary
  }

  /// One line per sample and distance, in the order of the data set; numbers read back exactly.
  public var csv: String {
    tally.clean.indices.flatMap { sample in
      zip(tally.plan.epsilons, tally.findings).map { epsilon, findings in
        let (clean, finding) = (tally.clean[sample], findings[sample])
        let record = finding.record
        let source = [
          finding.attack?.rawValue ?? "none", finding.epsilon.map { "\($0)" } ?? "",
        ]
        return "\(dataset.split.rawValue),\(sample),\(dataset.labels[sample]),"
          + "\(clean.prediction),\(clean.margin),\(clean.loss),\(epsilon),"
          + "\(record.isMisclassified ? 1 : 0),\(source.joined(separator: ",")),\(record.prediction),"
          + "\(record.margin),\(record.loss),\(record.distance),\(finding.passes)\n"
      }
    }.joined()
  }

  /// One row per distance, followed by warnings about the attacks.
  public var text: String {
    let kinds = tally.plan.kinds.map(\.rawValue)
    var table = TextTable(
      header: ["ε", "robust", "95 %", "attacked"] + kinds.map { "by \($0)" } + ["distance"])
    for row in summary.epsilons {
      table.append(
        [
          TextTable.number(row.epsilon), ConsoleProgress.percent(row.robust.share),
          Self.interval(row.robust), "\(row.attacked)",
        ] + kinds.map { "\(row.broken[$0] ?? 0)" } + [TextTable.number(row.meanDistance)])
    }
    return [
      "\(dataset.name) \(dataset.split.rawValue): \(Self.samples(tally.clean.count)), "
        + "accuracy \(ConsoleProgress.percent(summary.accuracy.share)) "
        + "(\(Self.interval(summary.accuracy)))",
      table.text, signs,
    ].joined(separator: "\n")
  }

  private var signs: String {
    let lines = summary.epsilons.filter { !$0.signs.areClear }.map { row in
      let counts: [(samples: Int, text: (String) -> String)] = [
        (row.signs.withoutGradient, { "\($0) met a gradient of zero" }),
        (row.signs.withoutGrowth, { "\($0) whose loss no step raised" }),
        (row.signs.squareOnly ?? 0, { "Square broke \($0) that gradients did not" }),
      ]
      var signs = counts.filter { $0.samples >= RobustnessSummary.Signs.fewestSamples }
        .map { $0.text("\($0.samples) samples") }
      if row.signs.isFlat { signs.append("no sample fell to the larger ε") }
      return "ε \(TextTable.number(row.epsilon)): \(signs.joined(separator: "; "))"
    }
    if !lines.isEmpty {
      return (["signs of masked gradients, the model may be less robust than it seems:"] + lines)
        .joined(separator: "\n")
    }
    let attacked = summary.epsilons.map(\.attacked).max() ?? 0
    let fewest = RobustnessSummary.Signs.fewestAttacked
    return attacked < fewest
      ? "\(Self.samples(attacked)) attacked: too few to tell masked gradients by, expected \(fewest)"
      : "no sign of masked gradients"
  }

  private static func samples(_ count: Int) -> String {
    "\(count) sample\(count == 1 ? "" : "s")"
  }

  private static func interval(_ proportion: Proportion) -> String {
    "\(percents(proportion.lower))–\(percents(proportion.upper))"
  }

  private static func percents(_ share: Double) -> String {
    String(ConsoleProgress.percent(share).dropLast(2))
  }
}
