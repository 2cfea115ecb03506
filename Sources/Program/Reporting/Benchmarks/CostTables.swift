import Benchmarks
import Foundation

extension TextTable {
  /// Steps over a step without what is measured, window by window.
  static func overOff(_ rows: [(name: String, found: PairedRatios)]) -> TextTable {
    var table = TextTable(header: ["a step", "over off", "95 % interval", "half of the windows"])
    for (name, found) in rows {
      table.append([
        name, Rate.fineRatio(found.median), found.interval.map(Rate.range) ?? "–",
        Rate.range(found.middleHalf),
      ])
    }
    return table
  }

  /// Costs by counting and their sum, in a step of `seconds`.
  static func byCounting(
    _ rows: [(name: String, cost: CountedCost)], of seconds: Double,
    sum: (name: String, share: Double)
  ) -> TextTable {
    var table = TextTable(header: ["by counting", "in a step", "each, µs", "of the step"])
    for (name, cost) in rows {
      table.append([
        name, TextTable.number(cost.perStep), Rate.microseconds(cost.seconds),
        Rate.finePercent(cost.share(of: seconds)),
      ])
    }
    table.append([sum.name, "", "", Rate.finePercent(sum.share)])
    return table
  }
}
