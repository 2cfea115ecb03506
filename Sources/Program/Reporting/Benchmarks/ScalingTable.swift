import Benchmarks
import Foundation

extension ScalingTimes {
  /// - Parameter isOversubscribed: whether ranks share cores.
  func text(isOversubscribed: Bool) -> String {
    var rates = TextTable(header: ["", "images/s"])
    rates.append(["together: \(ranks) ranks in one job", TextTable.number(together)])
    rates.append([
      "independent: each rank by itself, all at a time", TextTable.number(independent),
    ])
    rates.append(["alone: rank 0, the others asleep", TextTable.number(alone)])
    var ratios = TextTable(header: ["", "median", "half of the windows", "least–largest"])
    for (name, found) in [
      ("together/independent", togetherOverIndependent), ("together/alone", togetherOverAlone),
    ] {
      ratios.append([
        name, Rate.ratio(found.median), Rate.range(found.middleHalf.low, found.middleHalf.high),
        Rate.range(found.values.min() ?? 0, found.values.max() ?? 0),
      ])
    }
    return """
      \(rounds) windows of each, \(steps) steps long, in turn; batch \(globalBatch), \
      \(samples) samples of rank 0; gradients: \(plan)
      \(rates.text)

      \(ratios.text)\(isOversubscribed ? "\nMore ranks than cores: this is no measure of scaling." : "")
      """
  }
}

extension Rate {
  /// Formats a ratio near 1 with three decimals.
  static func ratio(_ value: Double) -> String { String(format: "%.3f", value) }

  static func range(_ low: Double, _ high: Double) -> String { "\(ratio(low))–\(ratio(high))" }
}
