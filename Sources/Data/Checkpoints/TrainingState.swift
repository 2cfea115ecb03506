/// Progress of a training run, without its tensors: `state.json` of a checkpoint.
///
/// Sample order and augmentation are functions of the seed, the epoch and the sample. No random
/// generator has a state, so these few numbers suffice to resume a run exactly.
public struct TrainingState: Codable, Equatable, Sendable {
  /// Version of this layout; a reader refuses any other version.
  public static let currentVersion = 1

  public var formatVersion: Int
  /// Number of completed epochs.
  public var epoch: Int
  /// Number of steps completed since the start of the run.
  public var step: Int
  /// Number of steps completed in the present epoch.
  public var stepInEpoch: Int
  public var seed: UInt64
  /// Sums over the completed steps of the present epoch.
  public var epochSums: EpochSums
  /// Number of ranks that wrote the checkpoint; any number of ranks may resume it.
  public var rankCount: Int
  /// Newest measurement of curvature, by the names of the metrics; nil if there is none.
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

/// Sums over the steps of an epoch, which let a resumed epoch report the same as an uninterrupted
/// one.
public struct EpochSums: Codable, Equatable, Sendable {
  public var samples = 0
  public var correct = 0
  /// Sum of the samples' losses.
  public var loss = 0.0

  public init() {}
}
