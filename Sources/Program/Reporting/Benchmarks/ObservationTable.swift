import Benchmarks
import Foundation

extension ObservationTimes {
  var text: String {
    var ratios = TextTable(header: ["a step", "over off", "95 % interval", "half of the windows"])
    for (name, found) in [
      ("metrics, events, display", defaultsOverOff), ("trace", traceOverOff),
    ] {
      ratios.append([
        name, Rate.fineRatio(found.median), found.interval.map(Rate.range) ?? "–",
        Rate.range(found.middleHalf),
      ])
    }
    var costs = TextTable(header: ["by counting", "in a step", "each, µs", "of the step"])
    for (name, cost) in [
      ("lines of metrics and events", metrics), ("displays", display), ("spans of a trace", spans),
    ] {
      costs.append([
        name, TextTable.number(cost.perStep), Rate.microseconds(cost.seconds),
        Rate.finePercent(cost.share(of: seconds)),
      ])
    }
    costs.append(["metrics, events, display", "", "", Rate.finePercent(defaults)])
    return """
      \(rounds) windows of each kind in turn, each \(steps) steps long; a step takes \
      \(Rate.milliseconds(seconds)) ms with nothing observed
      \(ratios.text)
      The interval of the median is given from six windows on.

      \(costs.text)
      """
  }
}
