import Benchmarks
import Foundation

extension ObservationTimes {
  var text: String {
    let ratios = TextTable.overOff([
      ("metrics, events, display", defaultsOverOff), ("trace", traceOverOff),
    ])
    let costs = TextTable.byCounting(
      [
        ("lines of metrics and events", metrics), ("displays", display),
        ("spans of a trace", spans),
      ], of: seconds, sum: ("metrics, events, display", defaults))
    return """
      \(rounds) windows of each kind in turn, each \(steps) steps long; a step takes \
      \(Rate.milliseconds(seconds)) ms with nothing observed
      \(ratios.text)
      The interval of the median is given from six windows on.

      \(costs.text)
      """
  }
}
