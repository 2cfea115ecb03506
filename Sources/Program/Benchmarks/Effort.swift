/// The length of each measurement.
public enum Effort: String, Sendable, Codable {
  case standard, quick

  /// The least and the greatest number of runs of a measurement.
  var rounds: ClosedRange<Int> { self == .standard ? 5...1000 : 2...3 }

  /// Seconds after which no further run is begun, once there are enough.
  var seconds: Double { self == .standard ? 0.15 : 0.01 }

  /// The number of training steps to time, as a whole and again layer by layer, if one takes
  /// `seconds`.
  func steps(of seconds: Double) -> Int {
    let wanted = (self == .standard ? 1 : 0.05) / seconds
    return Int(min(max(wanted, self == .standard ? 7 : 2), 200))
  }

  /// The steps by each of two strategies, in turn, and the steps with a clock at each layer.
  var overlapRounds: Int { self == .standard ? 24 : 2 }
  var tracedSteps: Int { self == .standard ? 5 : 1 }

  /// The approximate seconds of a series of collectives of one size.
  var secondsPerSize: Double { self == .standard ? 0.1 : 0.01 }

  /// The largest buffer to reduce over ranks, in bytes.
  var largestSum: Int { self == .standard ? 64 << 20 : 1 << 20 }

  /// Bytes of each of the three buffers that measure memory, more than a last-level cache holds.
  ///
  /// Every rank has three, so they must not be larger still on nodes of many cores.
  var memoryBytes: Int { self == .standard ? 128 << 20 : 32 << 20 }

  /// The median time of `body` in seconds; one run before does not count.
  func median(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    body()
    var times: [Double] = []
    let start = clock.now
    while times.count < rounds.upperBound {
      let elapsed = (clock.now - start) / .seconds(1)
      if times.count >= rounds.lowerBound && elapsed >= seconds { break }
      let before = clock.now
      body()
      times.append((clock.now - before) / .seconds(1))
    }
    return Effort.median(of: times)
  }

  /// The middle value, or the mean of the two middle ones; 0 without values.
  static func median(of values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
