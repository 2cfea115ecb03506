import Failures

/// A share of independent samples, and the interval in which Wilson's test at 95 % does not reject
/// it.
///
/// With p = successes/n and z = 1.96: (p + z²/2n ± z√(p(1 − p)/n + z²/4n²))/(1 + z²/n). Unlike p ±
/// z√(p(1 − p)/n), the interval stays inside [0, 1] and has a width for p = 0 and p = 1.
/// - Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
public struct Proportion: Sendable, Equatable, Codable {
  /// The normal distribution's 97.5 % quantile.
  private static let quantile = 1.959963984540054

  private enum CodingKeys: String, CodingKey {
    case successes = "hits"
    case count, share, lower, upper
  }

  public let successes: Int
  public let count: Int
  public let share: Double
  public let lower: Double
  public let upper: Double

  public init(_ successes: Int, of count: Int) {
    require(count > 0 && (0...count).contains(successes), "\(successes) of \(count)")
    self.successes = successes
    self.count = count
    let n = Double(count)
    share = Double(successes) / n
    let z2 = Self.quantile * Self.quantile
    let center = share + z2 / (2 * n)
    let half = Self.quantile * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
    lower = successes == 0 ? 0 : (center - half) / (1 + z2 / n)
    upper = successes == count ? 1 : (center + half) / (1 + z2 / n)
  }
}
