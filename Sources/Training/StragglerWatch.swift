/// Finds ranks that are slower than the others for many steps in a row.
///
/// A rank's own time of a step is what it takes without waiting for others. It is compared with the lower
/// median of all ranks': half of them, rounded up, take no longer (of two ranks, the faster one). A rank with
/// more samples may take longer in proportion; ranks without samples are left out.
public struct StragglerWatch {
  public static let factor = 1.5
  public static let steps = 20

  /// A slow rank, and means over the steps that it was slow in.
  public struct Finding: Sendable, Equatable {
    public let rank: Int
    public let ownSeconds: Double
    public let medianSeconds: Double
    /// The part of each step that all ranks wait for this one.
    public let share: Double
  }

  /// Sums over the steps that a rank has been slow in, one after the other.
  private struct Streak {
    var steps = 0
    var own = 0.0
    var median = 0.0
    var whole = 0.0
    /// Steps in a row that it has not been slow in, since it was named.
    var calm = 0
    var isNamed = false
  }

  private var streaks: [Streak]

  public init(ranks: Int) { streaks = Array(repeating: Streak(), count: ranks) }

  /// Takes one step's times, and returns ranks that have just been slow for long enough.
  ///
  /// A rank is named once, and again only after it has kept up for as many steps.
  /// - Parameters:
  ///   - own: each rank's own time, in seconds.
  ///   - samples: of each rank in the step.
  ///   - whole: the step's time, in seconds.
  public mutating func observe(own: [Double], samples: [Int], whole: Double) -> [Finding] {
    streaks.indices.compactMap { rank in
      let median = samples[rank] > 0 ? expected(of: rank, own: own, samples: samples) : own[rank]
      guard own[rank] > 0, own[rank] >= Self.factor * median, samples[rank] > 0 else {
        keepsUp(rank)
        return nil
      }
      streaks[rank].steps += 1
      streaks[rank].calm = 0
      streaks[rank].own += own[rank]
      streaks[rank].median += median
      streaks[rank].whole += whole
      guard streaks[rank].steps == Self.steps, !streaks[rank].isNamed else { return nil }
      streaks[rank].isNamed = true
      let (streak, count) = (streaks[rank], Double(Self.steps))
      let lost = streak.whole > 0 ? (streak.own - streak.median) / streak.whole : 0
      return Finding(
        rank: rank, ownSeconds: streak.own / count, medianSeconds: streak.median / count,
        share: min(max(lost, 0), 1))
    }
  }

  private mutating func keepsUp(_ rank: Int) {
    let calm = streaks[rank].calm + 1
    let isNamed = streaks[rank].isNamed && calm < Self.steps
    streaks[rank] = Streak(calm: calm, isNamed: isNamed)
  }

  /// The lower median of what the ranks would take for the samples of `rank`, if those are more.
  private func expected(of rank: Int, own: [Double], samples: [Int]) -> Double {
    let times = own.indices.filter { samples[$0] > 0 }.map {
      own[$0] * max(1, Double(samples[rank]) / Double(samples[$0]))
    }.sorted()
    return times[(times.count - 1) / 2]
  }
}

extension StragglerWatch.Finding {
  /// One line for the user.
  func line(host: String) -> String {
    func milliseconds(_ seconds: Double) -> String {
      let value = 1000 * seconds
      return value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }
    return
      "rank \(rank) on \(host) is slow: \(milliseconds(ownSeconds)) ms of its own per step for "
      + "\(StragglerWatch.steps) steps, the median rank \(milliseconds(medianSeconds)) ms; "
      + "it costs \(Int((100 * share).rounded())) % of each step"
  }
}
