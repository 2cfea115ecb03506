import Training

/// The cost of `reproducible`: one step with it and without it, in turn.
public struct ReproducibleTimes: Sendable, Equatable, Codable {
  /// A step in one of the two orders of sums, on rank 0.
  public struct Step: Sendable, Equatable, Codable {
    /// Medians over rounds, in seconds: from barrier to barrier, and without collectives.
    public let seconds: Double
    public let computing: Double
    /// Bytes that a rank hands to gradient collectives.
    public let reducedBytes: Int
    /// Bytes of the plan.
    public let memoryBytes: Int
  }

  public let rounds: Int
  public let plan: GradientPlan
  public let fastest: Step
  public let reproducible: Step
  /// The time of the reproducible step over that of the fastest, round by round.
  public let ratios: [Double]
}
