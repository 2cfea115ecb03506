import ArgumentParser

/// A list of numbers on the command line, such as `0.05,0.1`, or of fractions, such as
/// `1/255,2/255`.
enum NumberList {
  enum Domain: String {
    /// Positive numbers that are normal in single precision, the precision of lengths.
    case positive = "numbers above 0"
    case notNegative = "numbers of at least 0"

    fileprivate func contains(_ value: Double) -> Bool {
      switch self {
      case .positive: value > 0 && Float(value).isNormal
      case .notNegative: value >= 0 && value.isFinite
      }
    }
  }

  /// Reads the numbers of `text`, the value of `option`.
  static func parse(_ text: String, of option: String, _ domain: Domain) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { entry in
      guard let value = number(entry), domain.contains(value) else {
        throw ValidationError(
          "\(option) \(text): expected \(domain.rawValue), as in 0.05,0.1 or 8/255, "
            + "found \"\(entry)\"")
      }
      return value
    }
  }

  private static func number(_ entry: Substring) -> Double? {
    let terms = entry.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    return switch terms.count {
    case 1: terms[0]
    case 2: terms[0].flatMap { numerator in terms[1].map { numerator / $0 } }
    default: nil
    }
  }
}
