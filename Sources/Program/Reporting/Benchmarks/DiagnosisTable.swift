import Benchmarks
import Foundation

extension DiagnosisTimes {
  var text: String {
    let ratios = TextTable.overOff([("ledger and watchdog on", onOverOff), ("off again", control)])
    let costs = TextTable.byCounting(
      [
        ("collectives recorded", collectives), ("changes of place", places),
        ("looks of the watchdog", looks), ("comparisons of replicas", comparisons),
      ], of: seconds, sum: ("all of it", counted))
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
