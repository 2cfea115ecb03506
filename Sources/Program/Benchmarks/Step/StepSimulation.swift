import Training

/// A training step as a sequence of computing and allreduces, which can be run for any link.
public struct StepSimulation: Sendable, Equatable, Codable {
  /// A piece of computing, the allreduces that it waits for, and the bucket that it completes.
  public struct Stage: Sendable, Equatable, Codable {
    /// Seconds of computing on one rank.
    public var seconds: Double
    /// Whether the seconds are proportional to a rank's samples; loops over weights alone are not.
    public var scalesWithSamples: Bool
    /// Bytes of each allreduce within the stage, which nothing hides: those of batch norms.
    public var sums: [Int]
    /// Bytes of the bucket of gradients that is complete at the stage's end.
    public var bucket: Int?

    public init(seconds: Double, scalesWithSamples: Bool, sums: [Int] = [], bucket: Int? = nil) {
      self.seconds = seconds
      self.scalesWithSamples = scalesWithSamples
      self.sums = sums
      self.bucket = bucket
    }
  }

  /// The time of a step, in seconds.
  public struct Duration: Sendable, Equatable, Codable {
    public let total: Double
    public let computing: Double
    /// Seconds of all allreduces of buckets, hidden or not.
    public let bucketSums: Double
    /// Seconds of the other allreduces.
    public let otherSums: Double
  }

  /// The stages up to the end of the last backward sweep; the last one completes the last bucket.
  public var stages: [Stage]
  /// The stages after the last allreduce: pull-back and update.
  public var tail: [Stage]

  public init(stages: [Stage], tail: [Stage]) {
    self.stages = stages
    self.tail = tail
  }

  /// Seconds of computing.
  public var computing: Double { (stages + tail).reduce(0) { $0 + $1.seconds } }

  /// The step on a link, or within a node, where an allreduce of so many bytes takes `sumSeconds`.
  ///
  /// Non-blocking allreduces follow one another beside the computing, and the step waits for the
  /// last one; they do not slow computing down, and those of batch norms do not wait behind them.
  public func run(
    _ strategy: GradientPlan.Strategy, sumSeconds: (Int) -> Double
  ) -> Duration {
    run(strategy, sumSeconds: sumSeconds, bucketSeconds: sumSeconds)
  }

  /// The step where allreduces of buckets take other times than those of batch norms.
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

  /// The step with a rank's number of samples multiplied by `factor`.
  public func withSamples(times factor: Double) -> StepSimulation {
    func scaled(_ stage: Stage) -> Stage {
      var copy = stage
      if stage.scalesWithSamples { copy.seconds *= factor }
      return copy
    }
    return StepSimulation(stages: stages.map(scaled), tail: tail.map(scaled))
  }
}
