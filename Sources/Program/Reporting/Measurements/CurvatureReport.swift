import Curvature
import Datasets
import Foundation

/// Report of a curvature survey of one split: a text, CSV lines and statistics.
public struct CurvatureReport: SplitReport {
  /// Names of the columns of ``csv``.
  public static let csvHeader =
    "split,index,label,prediction,gradient-norm,hessian-norm,curvature,residual,eigenvalue,products,"
    + "smallest-eigenvalue,largest-eigenvalue\n"

  public struct Settings: Codable, Sendable {
    /// Description of the estimator of the Hessian norm.
    public let method: String

    public init(method: String) { self.method = method }
  }

  private static let barWidth = 40

  public let summary: CurvatureSummary
  private let dataset: Dataset
  private let samples: [NormalizedCurvature.Sample]

  public init(_ samples: [NormalizedCurvature.Sample], of dataset: Dataset) {
    self.samples = samples
    self.dataset = dataset
    summary = CurvatureSummary(samples, labels: dataset.labels.map(Int.init))
  }

  /// One line per sample, in the order of the data set; numbers read back exactly.
  public var csv: String {
    zip(samples, dataset.labels).enumerated().map { index, pair in
      let (sample, label) = pair
      let hessian = sample.hessian
      let ends = hessian.extremes.map { "\($0.smallest),\($0.largest)" } ?? ","
      return "\(dataset.split.rawValue),\(index),\(label),\(sample.prediction),"
        + "\(sample.gradientNorm),\(sample.hessianNorm),\(sample.curvature),\(hessian.residual),"
        + "\(hessian.eigenvalue),\(hessian.products),\(ends)\n"
    }.joined()
  }

  /// Tables of statistics and class means, and the histogram.
  public var text: String {
    [
      "\(dataset.name) \(dataset.split.rawValue): \(summary.samples) samples, "
        + "accuracy \(ConsoleProgress.percent(summary.accuracy))",
      statistics, convergence, classes, histogram,
    ].joined(separator: "\n")
  }

  private var statistics: String {
    var table = TextTable(header: [
      "", "mean", "std", "std err", "median", "p5", "p95", "p99", "max",
    ])
    func append(_ name: String, _ values: SampleStatistics?) {
      guard let values else { return }
      let numbers: [Double?] = [
        values.mean, values.standardDeviation, values.standardError, values.median, values.p5,
        values.p95, values.p99, values.maximum,
      ]
      table.append([name] + numbers.map(TextTable.number))
    }
    append("‖∇f‖", summary.gradientNorm)
    append("‖∇²f‖", summary.hessianNorm)
    append("C_f", summary.curvature)
    append("λ_min", summary.smallestEigenvalue)
    append("λ_max", summary.largestEigenvalue)
    return table.text
  }

  private var convergence: String {
    let residual = summary.residual
    let ending =
      summary.notConverged.map { "\($0) of \(summary.samples) samples not converged" }
      ?? "no test of convergence"
    return "residual mean \(TextTable.number(residual.mean)), "
      + "max \(TextTable.number(residual.maximum)); "
      + "\(TextTable.number(summary.products.mean)) products per sample; \(ending)"
  }

  private var classes: String {
    var table = TextTable(header: ["class", "samples", "mean ‖∇f‖", "mean ‖∇²f‖", "mean C_f"])
    for row in summary.classes {
      let means = [row.gradientNorm, row.hessianNorm, row.curvature]
      table.append(["\(row.label)", "\(row.samples)"] + means.map(TextTable.number))
    }
    return table.text
  }

  private var histogram: String {
    var table = TextTable(header: ["C_f from", "to", "samples"])
    if summary.histogram.zeros > 0 { table.append(["0", "", "\(summary.histogram.zeros)"]) }
    let most = summary.histogram.bins.map(\.count).max() ?? 0
    var bars = summary.histogram.zeros > 0 ? ["", ""] : [""]
    for bin in summary.histogram.bins {
      table.append([
        TextTable.number(bin.lower), TextTable.number(bin.upper), "\(bin.count)",
      ])
      let length = (bin.count * Self.barWidth + most - 1) / most
      bars.append(length == 0 ? "" : "  " + String(repeating: "█", count: length))
    }
    return zip(table.text.split(separator: "\n"), bars).map { $0 + $1 }.joined(separator: "\n")
  }
}
