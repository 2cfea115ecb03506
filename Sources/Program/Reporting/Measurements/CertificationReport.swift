import Datasets
import Robustness

/// Report of the certified radii of one split: a text, CSV lines and statistics.
public struct CertificationReport: SplitReport {
  /// Names of the columns of ``csv``.
  public static let csvHeader =
    "split,index,label,prediction,margin,radius,first-order-radius,rival,gradient-norm\n"

  public struct Settings: Encodable {
    public let network: BoundReport

    public init(network: BoundReport) { self.network = network }
  }

  public let summary: CertificationSummary
  private let dataset: Dataset
  private let certificates: [RadiusCertification.Certificate]

  public init(
    _ certificates: [RadiusCertification.Certificate], epsilons: [Double], of dataset: Dataset
  ) {
    self.certificates = certificates
    self.dataset = dataset
    summary = CertificationSummary(
      certificates, labels: dataset.labels.map(Int.init), epsilons: epsilons)
  }

  /// One line per sample, in the order of the data set; numbers read back exactly.
  public var csv: String {
    zip(certificates, dataset.labels).enumerated().map { index, pair in
      let (certificate, label) = pair
      let rival = certificate.rival.map { "\($0)" } ?? ""
      let norm = certificate.gradientNorm.map { "\($0)" } ?? ""
      return "\(dataset.split.rawValue),\(index),\(label),\(certificate.prediction),"
        + "\(certificate.margin),\(certificate.radius),\(certificate.firstOrderRadius),\(rival),"
        + "\(norm)\n"
    }.joined()
  }

  /// Certified accuracy at each distance, and statistics of the radii.
  public var text: String {
    var accuracies = TextTable(header: ["ε", "certified", "certified accuracy"])
    accuracies.append([
      "0", "\(Int((summary.accuracy * Double(summary.samples)).rounded()))",
      ConsoleProgress.percent(summary.accuracy),
    ])
    for row in summary.certified {
      accuracies.append([
        TextTable.number(row.epsilon), "\(row.certified)", ConsoleProgress.percent(row.accuracy),
      ])
    }
    var radii = TextTable(header: ["radius", "mean", "p5", "median", "p95", "max"])
    for (name, values) in [
      ("certified", summary.radius), ("first order", summary.firstOrderRadius),
    ] {
      let numbers = [values?.mean, values?.p5, values?.median, values?.p95, values?.maximum]
      radii.append([name] + numbers.map(TextTable.number))
    }
    return "\(dataset.name) \(dataset.split.rawValue): \(summary.samples) samples\n"
      + accuracies.text + "\n" + radii.text
  }
}
