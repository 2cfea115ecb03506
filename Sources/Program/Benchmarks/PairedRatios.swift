import Foundation

/// Quotients of two measurements in neighbouring windows, which the drift of a node cancels in.
public struct PairedRatios: Sendable, Equatable, Codable {
  /// Bounds of a range, both of them among the values.
  public struct Bounds: Sendable, Equatable, Codable {
    public let low: Double
    public let high: Double
  }

  /// The quotients in the order of their measurement.
  public let values: [Double]
  public let median: Double
  /// The range without the smallest and the largest quarter.
  public let middleHalf: Bounds
  /// A confidence interval of at least 95 % for the median, if windows are independent of each
  /// other.
  ///
  /// Nil for fewer than six values, which have none.
  public let interval: Bounds?

  /// - Parameter values: at least one.
  public init(_ values: [Double]) {
    self.values = values
    median = Effort.median(of: values)
    let sorted = values.sorted()
    func bounds(without outer: Int) -> Bounds {
      Bounds(low: sorted[outer], high: sorted[sorted.count - 1 - outer])
    }
    middleHalf = bounds(without: sorted.count / 4)
    interval = Self.valuesOutsideInterval(of: values.count).map(bounds)
  }

  /// The quotients of two series, window by window.
  init(_ dividends: [Double], over divisors: [Double]) {
    self.init(zip(dividends, divisors).map { $0 / $1 })
  }

  /// The number of `count` sorted values outside of a 95 % interval for the median, on either side.
  ///
  /// A value is below the true median with probability ½, whatever the distribution. So k or fewer
  /// are with P(B ≤ k), B binomial, which must not exceed 2.5 %. nil if not even all values are
  /// enough.
  static func valuesOutsideInterval(of count: Int) -> Int? {
    func probability(_ k: Int) -> Double {
      let ways: Double =
        lgamma(Double(count + 1)) - lgamma(Double(k + 1)) - lgamma(Double(count - k + 1))
      return exp(ways - Double(count) * log(2))
    }
    var below = 0.0
    var outside: Int?
    for k in 0..<count {
      below += probability(k)
      if below > 0.025 { break }
      outside = k
    }
    return outside
  }
}
