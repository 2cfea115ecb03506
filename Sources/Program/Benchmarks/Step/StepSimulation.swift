import Training

/// A training step as a sequence of computing and allreduces, which can be run for any link.
public struct StepSimulation: Sendable, Equatable, Codable {
  /// A piece of computing, the sums that it waits for, and the bucket that it completes.
  public struct Stage: Sendable, Equatable, Codable {
    /// Seconds of computing on one rank.
    public var seconds: Double
    /// Whether they are proportional to a rank's samples; what weights alone cost is not.
    public var scalesWithSamples: Bool
    /// Bytes of each sum in the middle of it, which nothing hides: batch norm's.
    public var sums: [Int]
    /// Bytes of the bucket of gradients that is complete at its end.
    public var bucket: Int?

    public init(seconds: Double, scalesWithSamples: Bool, sums: [Int] = [], bucket: Int? = nil) {
      self.seconds = seconds
      self.scalesWithSamples = scalesWithSamples
      self.sums = sums
      self.bucket = bucket
    }
  }

  /// What a step takes.
  public struct Duration: Sendable, Equatable, Codable {
    public let total: Double
    public let computing: Double
    /// Seconds of all sums of buckets, hidden or not.
    public let bucketSums: Double
    /// Seconds of the other sums.
    public let otherSums: Double
  }

  /// Up to the end of the last backward sweep, in order; the last bucket is the last stage's.
  public var stages: [Stage]
  /// After the sums: pull-back and update.
  public var tail: [Stage]

  public init(stages: [Stage], tail: [Stage]) {
    self.stages = stages
    self.tail = tail
  }

  /// Seconds of computing.
  public var computing: Double { (stages + tail).reduce(0) { $0 + $1.seconds } }

  /// The step with a link, or a machine, on which a sum of so many bytes takes `sumSeconds`.
  ///
  /// Sums that do not block follow one another beside the computing, and the step waits for the last one;
  /// they do not slow computing down, and batch norm's do not wait behind them.
  public func run(
    _ strategy: GradientPlan.Strategy, sumSeconds: (Int) -> Double
  ) -> Duration {
    run(strategy, sumSeconds: sumSeconds, bucketSeconds: sumSeconds)
  }

  /// The same where sums of buckets go another way than those in between.
  public func run(
    _ strategy: GradientPlan.Strategy, sumSeconds: (Int) -> Double, bucketSeconds: (Int) -> Double
  ) -> Duration {
    var (now, linkIsFree) = (0.0, 0.0)
    var (bucketSums, otherSums) = (0.0, 0.0)
    func simulate(_ stage: Stage) {
      let sums = stage.sums.reduce(0) { $0 + sumSeconds($1) }
      now += stage.seconds + sums
      otherSums += sums
      guard let bucket = stage.bucket else { return }
      let seconds = bucketSeconds(bucket)
      bucketSums += seconds
      linkIsFree = max(now, linkIsFree) + seconds
      if strategy == .blocking { now = linkIsFree }
    }
    for stage in stages { simulate(stage) }
    now = max(now, linkIsFree)
    for stage in tail { simulate(stage) }
    return Duration(
      total: now, computing: computing, bucketSums: bucketSums, otherSums: otherSums)
  }

  /// The same step with a rank's number of samples multiplied by `factor`.
  public func withSamples(times factor: Double) -> StepSimulation {
    func scaled(_ stage: Stage) -> Stage {
      var copy = stage
      if stage.scalesWithSamples { copy.seconds *= factor }
      return copy
    }
    return StepSimulation(stages: stages.map(scaled), tail: tail.map(scaled))
  }
}
