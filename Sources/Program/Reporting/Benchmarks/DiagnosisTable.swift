import Benchmarks
import Foundation

extension DiagnosisTimes {
  var text: String {
    var ratios = TextTable(header: ["a step", "over off", "95 % interval", "half of the windows"])
    for (name, found) in [("ledger and watchdog on", onOverOff), ("off again", control)] {
      ratios.append([
        name, Rate.fineRatio(found.median), found.interval.map(Rate.range) ?? "–",
        Rate.range(found.middleHalf),
      ])
    }
    var costs = TextTable(header: ["by counting", "in a step", "each, µs", "of the step"])
    for (name, cost) in [
      ("collectives recorded", collectives), ("changes of place", places),
      ("looks of the watchdog", looks), ("comparisons of replicas", comparisons),
    ] {
      costs.append([
        name, TextTable.number(cost.perStep), Rate.microseconds(cost.seconds),
        Rate.finePercent(cost.share(of: seconds)),
      ])
    }
    costs.append(["all of it", "", "", Rate.finePercent(counted)])
    return """
      \(rounds) windows of each kind in turn, each \(steps) steps long; a step takes \
      \(Rate.milliseconds(seconds)) ms with ledger and watchdog off
      \(ratios.text)
      The interval of the median is given from six windows on. The windows contain no comparison of \
      replicas: add \(Rate.finePercent(comparisons.share(of: seconds))).

      \(costs.text)
      """
  }
}
