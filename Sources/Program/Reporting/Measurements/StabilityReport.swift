import Curvature
import Datasets

/// Report of a stability survey of one split: a text, CSV lines and statistics.
public struct StabilityReport: SplitReport {
  /// Names of the columns of ``csv``.
  public static let csvHeader =
    "split,index,label,prediction,gradient-norm,radius,mean-change,worst-change,worst-direction\n"

  public struct Settings: Codable, Sendable {
    /// Number of random directions per sample.
    public let directions: Int

    public init(directions: Int) { self.directions = directions }
  }

  public let summary: StabilitySummary
  private let dataset: Dataset
  private let changes: [GradientStability.Change]
  private let epsilons: [Double]

  /// - Parameter changes: samples × radii, radii innermost.
  public init(_ changes: [GradientStability.Change], epsilons: [Double], of dataset: Dataset) {
    self.changes = changes
    self.epsilons = epsilons
    self.dataset = dataset
    summary = StabilitySummary(changes, epsilons: epsilons)
  }

  /// One line per sample and epsilon, in the order of the data set.
  ///
  /// Changes are relative, and empty if the gradient is zero.
  public var csv: String {
    changes.enumerated().map { position, change in
      let (index, epsilon) = position.quotientAndRemainder(dividingBy: epsilons.count)
      let mean = change.relativeMean.map { "\($0)" } ?? ""
      let worst = change.relativeWorst.map { "\($0),\(change.worstDirection)" } ?? ","
      return "\(dataset.split.rawValue),\(index),\(dataset.labels[index]),\(change.prediction),"
        + "\(change.gradientNorm),\(epsilons[epsilon]),\(mean),\(worst)\n"
    }.joined()
  }

  /// Table with one row per epsilon.
  public var text: String {
    var table = TextTable(header: [
      "‖e‖", "mean", "std err", "p5", "median", "p95", "max", "worst: mean", "p95", "max",
    ])
    for row in summary.epsilons {
      let numbers: [Double?] = [
        row.mean?.mean, row.mean?.standardError, row.mean?.p5, row.mean?.median, row.mean?.p95,
        row.mean?.maximum, row.worst?.mean, row.worst?.p95, row.worst?.maximum,
      ]
      table.append([TextTable.number(row.epsilon)] + numbers.map(TextTable.number))
    }
    let left =
      summary.withoutGradient == 0 ? "" : ", \(summary.withoutGradient) without a gradient left out"
    return "\(dataset.name) \(dataset.split.rawValue): \(summary.samples) samples\(left)\n"
      + table.text
  }
}
