import Training

/// The gradients' communication that overlapping hides: whole steps by both strategies in turn.
public struct OverlapTimes: Sendable, Equatable, Codable {
  /// A step by one strategy on rank 0: medians over rounds, in seconds.
  public struct Step: Sendable, Equatable, Codable {
    public let plan: GradientPlan
    public let seconds: Double
    public let computing: Double
    /// Time in gradient collectives, without the hidden part.
    public let gradients: Double
    public let batchNorm: Double

    init(_ plan: GradientPlan, _ times: [StepTimes]) {
      self.plan = plan
      seconds = Effort.median(of: times.map(\.total))
      computing = Effort.median(of: times.map(\.compute))
      gradients = Effort.median(of: times.map(\.gradients))
      batchNorm = Effort.median(of: times.map(\.batchNorm))
    }
  }

  public let rounds: Int
  /// The faster plan of each strategy, in a trial before the measurement.
  public let blocking: Step
  public let nonblocking: Step
  /// The plan that a run would choose.
  public let chosen: GradientPlan
  /// Computing of the last sweep from the first gradients on, in seconds: only that can hide
  /// allreduces.
  public let backward: Double
  /// The seconds by which overlapped allreduces shorten a step, round by round.
  public let hidden: [Double]

  /// Seconds that can be hidden: all allreduces of gradients, or the computing beside them if it is
  /// less.
  public var hideable: Double { min(blocking.gradients, backward) }

  /// The hidden part of ``hideable``, by the medians of whole steps.
  ///
  /// The time that polling takes from computing, and the time that batch norms wait for the link,
  /// count against it.
  public var share: Double { (blocking.seconds - nonblocking.seconds) / hideable }
}
