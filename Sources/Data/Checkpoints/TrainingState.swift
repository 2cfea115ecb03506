/// Where a training run stands, beside its tensors: `state.json` of a checkpoint.
///
/// Sample order and augmentation are functions of the seed, the epoch and the sample, so these few numbers resume a run
/// exactly; no generator has a state to save.
public struct TrainingState: Codable, Equatable, Sendable {
  /// The version of this layout; a reader refuses another.
  public static let currentVersion = 1

  public var formatVersion: Int
  /// Epochs completed.
  public var epoch: Int
  /// Steps completed since the start of the run.
  public var step: Int
  /// Steps completed in the present epoch.
  public var stepInEpoch: Int
  public var seed: UInt64
  /// What the present epoch has added up to so far.
  public var epochSums: EpochSums
  /// The number of ranks that wrote the checkpoint; any number may resume it.
  public var rankCount: Int
  /// The newest measurement of curvature, by the names of the metrics; none if there was none.
  public var curvature: [String: Double]?
  /// SHA-256 of each tensor file, in hexadecimal, by file name; filled in by ``CheckpointStore``.
  public var sha256: [String: String]

  public init(
    epoch: Int, step: Int, stepInEpoch: Int, epochSums: EpochSums = EpochSums(), seed: UInt64,
    rankCount: Int, curvature: [String: Double]? = nil
  ) {
    self.formatVersion = Self.currentVersion
    self.epoch = epoch
    self.step = step
    self.stepInEpoch = stepInEpoch
    self.epochSums = epochSums
    self.seed = seed
    self.rankCount = rankCount
    self.curvature = curvature
    self.sha256 = [:]
  }
}

/// Sums over the steps of an epoch, so that a resumed epoch reports what an uninterrupted one does.
public struct EpochSums: Codable, Equatable, Sendable {
  public var samples = 0
  public var correct = 0
  /// Σ of the samples' losses.
  public var loss = 0.0

  public init() {}
}
