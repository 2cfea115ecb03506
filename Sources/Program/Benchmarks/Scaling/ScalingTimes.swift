import Training

/// The speed of the ranks of one job over that of as many jobs of one rank on the same cores.
public struct ScalingTimes: Sendable, Equatable, Codable {
  public let ranks: Int
  /// Samples of all ranks, and of this one.
  public let globalBatch: Int
  public let samples: Int
  public let plan: GradientPlan
  /// Windows of each kind, and the steps of one.
  public let rounds: Int
  public let steps: Int
  /// Images per second of all ranks in one job, median over windows.
  public let together: Double
  /// Images per second of all ranks by themselves on as many samples, at the same time.
  public let independent: Double
  /// Images per second of rank 0 by itself while the others sleep.
  public let alone: Double
  /// The part of the node's speed that communicating and waiting leave.
  public let togetherOverIndependent: PairedRatios
  /// The speed-up over one rank: at most the number of ranks, less where they share caches and
  /// memory.
  public let togetherOverAlone: PairedRatios
}
