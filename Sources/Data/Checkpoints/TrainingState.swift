/// Progress of a training run, without its tensors: `state.json` of a checkpoint.
///
/// Sample order and augmentation are functions of the seed, the epoch and the sample. No random
/// generator has a state, so these few numbers suffice to resume a run exactly.
public struct TrainingState: Codable, Equatable, Sendable {
  /// Version of this layout.
  ///
  /// Version 1 held the digests of the tensor files too.
  public static let currentVersion = 2

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
  /// Share of correct predictions on the test samples, 0 … 1; nil if they were not evaluated at
  /// this step.
  public var testAccuracy: Double?

  public init(
    epoch: Int, step: Int, stepInEpoch: Int, epochSums: EpochSums = EpochSums(), seed: UInt64,
    rankCount: Int, curvature: [String: Double]? = nil, testAccuracy: Double? = nil
  ) {
    self.formatVersion = Self.currentVersion
    self.epoch = epoch
    self.step = step
    self.stepInEpoch = stepInEpoch
    self.epochSums = epochSums
    self.seed = seed
    self.rankCount = rankCount
    self.curvature = curvature
    self.testAccuracy = testAccuracy
  }

  /// Refuses a position that a run of `stepsPerEpoch` steps per epoch does not reach; only the
  /// message uses `path`.
  public func check(stepsPerEpoch: Int, path: String) throws(CheckpointError) {
    guard stepInEpoch < stepsPerEpoch, step == epoch * stepsPerEpoch + stepInEpoch else {
      throw .unreadableState(
        path: "\(path)/\(Checkpoint.stateFile)",
        reason: "step \(step) is not step \(stepInEpoch) after \(epoch) epochs of "
          + "\(stepsPerEpoch) steps")
    }
  }

  /// The first value that no run can reach, in words; nil if there is none.
  var fault: String? {
    let counts = [
      ("epoch", epoch), ("step", step), ("stepInEpoch", stepInEpoch),
      ("epochSums.samples", epochSums.samples), ("epochSums.correct", epochSums.correct),
    ]
    if let (name, value) = counts.first(where: { !(0...Self.largestCount).contains($0.1) }) {
      return "\(name) is \(value), expected 0 to \(Self.largestCount)"
    }
    if rankCount < 1 { return "rankCount is \(rankCount), expected at least 1" }
    if stepInEpoch > step { return "stepInEpoch is \(stepInEpoch), expected at most step \(step)" }
    if epochSums.correct > epochSums.samples {
      return "epochSums.correct is \(epochSums.correct), expected at most \(epochSums.samples)"
    }
    if !(epochSums.loss >= 0 && epochSums.loss.isFinite) {
      return "epochSums.loss is \(epochSums.loss), expected a finite number of at least 0"
    }
    return nil
  }

  /// Beyond the steps of any run, and products of two such counts are still integers.
  private static let largestCount = 1_000_000_000
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
