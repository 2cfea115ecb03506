/// Finds ranks that are slower than the others for many steps.
///
/// A rank's local time of a step leaves out waiting for others. It is divided by the lower median
/// of all ranks' times: half of them, rounded up, take no longer (of two ranks, the faster one). A
/// rank with more samples may take longer in proportion; ranks without samples are left out. A rank
/// is judged by the mean of the middle half of its quotients, which a few hiccups of any rank do
/// not move, and by the number of steps in which it lagged at all.
public struct StragglerWatch {
  /// Quotient from which a rank is named: √(1.3·1.5), between 1.3, which is not to be named, and
  /// 1.5.
  public static let factor = 1.4
  /// Steps that are judged together: the last of them is known in the twentieth.
  public static let steps = 19
  /// Quotient from which a step counts as slow, and the least number of slow steps of a named rank.
  ///
  /// Half a window on a busy node is not enough, however slow it is.
  static let slowFactor = 1.25
  public static let slowSteps = 16

  /// A slow rank, and means over the middle half of the window's steps.
  public struct Finding: Sendable, Equatable {
    public let rank: Int
    public let localSeconds: Double
    public let medianSeconds: Double
    /// The part of each step in which all ranks wait for this one.
    public let share: Double
  }

  /// A rank in one step.
  private struct Observation {
    let local: Double
    let median: Double
    let whole: Double
    /// NaN if no time has passed, so that the step is not slow.
    var quotient: Double { local / median }
    var isSlow: Bool { quotient >= StragglerWatch.slowFactor }
  }

  private struct Window {
    /// The newest steps that the rank had samples in, the oldest first.
    var steps: [Observation] = []
    var isNamed = false
    var slowSteps: Int { steps.count { $0.isSlow } }

    /// The mean of the steps' values without the smallest and the largest quarter.
    func middleMean(_ value: (Observation) -> Double) -> Double {
      let cut = steps.count / 4
      let middle = steps.map(value).sorted()[cut..<steps.count - cut]
      return middle.reduce(0, +) / Double(middle.count)
    }
  }

  private var windows: [Window]

  public init(ranks: Int) { windows = Array(repeating: Window(), count: ranks) }

  /// Takes one step's times, and returns ranks that have just been found slow.
  ///
  /// A rank is named once, and again only after it has kept up for as many steps.
  /// - Parameters:
  ///   - local: each rank's time without waiting for others, in seconds.
  ///   - samples: each rank's samples in the step.
  ///   - whole: the time of the step, in seconds.
  public mutating func observe(local: [Double], samples: [Int], whole: Double) -> [Finding] {
    windows.indices.compactMap { rank in
      guard samples[rank] > 0 else { return nil }
      if windows[rank].steps.count == Self.steps { windows[rank].steps.removeFirst() }
      windows[rank].steps.append(
        Observation(
          local: local[rank], median: expected(of: rank, local: local, samples: samples),
          whole: whole))
      return judge(rank)
    }
  }

  private mutating func judge(_ rank: Int) -> Finding? {
    let window = windows[rank]
    guard window.steps.count == Self.steps else { return nil }
    if window.slowSteps <= Self.steps - Self.slowSteps { windows[rank].isNamed = false }
    guard !window.isNamed, window.slowSteps >= Self.slowSteps,
      window.middleMean(\.quotient) >= Self.factor
    else { return nil }
    windows[rank].isNamed = true
    let (local, median) = (window.middleMean(\.local), window.middleMean(\.median))
    let whole = window.middleMean(\.whole)
    let share = whole > 0 ? (local - median) / whole : 0
    return Finding(
      rank: rank, localSeconds: local, medianSeconds: median, share: min(max(share, 0), 1))
  }

  /// The lower median of the times that the ranks would take for the samples of `rank`, if those
  /// are more.
  private func expected(of rank: Int, local: [Double], samples: [Int]) -> Double {
    let times = local.indices.filter { samples[$0] > 0 }.map {
      local[$0] * max(1, Double(samples[rank]) / Double(samples[$0]))
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
      "rank \(rank) on \(host) is slow: \(milliseconds(localSeconds)) ms without waiting per step "
      + "for \(StragglerWatch.steps) steps, the median rank \(milliseconds(medianSeconds)) ms; "
      + "it costs \(Int((100 * share).rounded())) % of each step"
  }
}
