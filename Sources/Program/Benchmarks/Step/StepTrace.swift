/// Seconds of one training step, by pass and layer: computing, and waiting in collectives.
package struct StepTrace {
  package struct Seconds {
    package var computing = 0.0
    package var collectives = 0.0
  }

  /// What is timed: a pass, and the layer where it is a sweep over layers.
  package struct Place: Hashable {
    package let pass: SweepPass
    package var layer: Int?
  }

  package private(set) var seconds: [Place: Seconds] = [:]

  mutating func add(_ place: Place, computing: Double, collectives: Double) {
    seconds[place, default: Seconds()].computing += computing
    seconds[place, default: Seconds()].collectives += collectives
  }

  /// The medians of several steps, place by place.
  static func median(of traces: [StepTrace]) -> StepTrace {
    var result = StepTrace()
    for place in traces.first?.seconds.keys.map({ $0 }) ?? [] {
      let found = traces.map { $0.seconds[place] ?? Seconds() }
      result.seconds[place] = Seconds(
        computing: Effort.median(of: found.map(\.computing)),
        collectives: Effort.median(of: found.map(\.collectives)))
    }
    return result
  }
}
