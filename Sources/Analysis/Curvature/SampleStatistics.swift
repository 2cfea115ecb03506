import Failures

/// Mean, spread and quantiles of one number per sample, in double precision.
///
/// Sums run in the order of the samples, so equal lists give equal bits. Quantiles interpolate
/// linearly between order statistics, at (n − 1)·p.
public struct SampleStatistics: Sendable, Equatable, Codable {
  public let count: Int
  public let mean: Double
  /// The standard deviation with divisor n − 1; nil for a single sample.
  public let standardDeviation: Double?
  /// standardDeviation/√n.
  public let standardError: Double?
  public let median: Double
  public let p5: Double
  public let p95: Double
  public let p99: Double
  public let maximum: Double

  private enum CodingKeys: String, CodingKey {
    case count, mean, median, p5, p95, p99, maximum
    case standardDeviation = "standard-deviation"
    case standardError = "standard-error"
  }

  /// - Precondition: at least one value, all finite.
  public init(_ values: [Double]) {
    require(
      !values.isEmpty && values.allSatisfy(\.isFinite), "statistics of \(values.count) values")
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    if values.count > 1 {
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = (squares / Double(values.count - 1)).squareRoot()
      standardDeviation = deviation
      standardError = deviation / Double(values.count).squareRoot()
    } else {
      standardDeviation = nil
      standardError = nil
    }
    let sorted = values.sorted()
    median = Self.quantile(0.5, of: sorted)
    p5 = Self.quantile(0.05, of: sorted)
    p95 = Self.quantile(0.95, of: sorted)
    p99 = Self.quantile(0.99, of: sorted)
    maximum = sorted[sorted.count - 1]
  }

  private static func quantile(_ p: Double, of sorted: [Double]) -> Double {
    let position = Double(sorted.count - 1) * p
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
  }
}
