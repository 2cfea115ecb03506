/// The cost model's word on a step: beside the measured one, and for ranks and links that are not here.
public struct ModelledStep: Sendable, Equatable, Codable {
  /// Why nothing is predicted.
  public enum Refusal: String, Sendable, Codable {
    /// Ranks share cores: what they compute in takes longer than it would alone.
    case oversubscribed
  }

  public let ranks: Int
  /// The machine's own sums, as fitted; nil for one rank.
  public let fit: SumFit?
  /// α and the bandwidth of a link that would sum so fast.
  public let link: Link?
  public let measuredSeconds: Double
  /// By the fit, with sums made as the measured step made them.
  public let predicted: StepTimeline.Duration
  public let predictions: [ScalingPrediction]

  public init(_ step: StepBenchmark.Result, sums: SumTimes?) {
    let times = step.times
    ranks = times.ranks
    fit = sums?.fit
    link = sums?.fit?.link(ranks: times.ranks)
    measuredSeconds = times.seconds
    let fit = self.fit
    let bucketFit = times.plan.strategy == .blocking ? fit : sums?.startedFit
    predicted = step.timeline.play(
      times.plan.strategy, sumSeconds: { fit?.seconds(bytes: $0) ?? 0 },
      bucketSeconds: { bucketFit?.seconds(bytes: $0) ?? 0 })
    predictions = ScalingPrediction.all(
      step.timeline, samples: times.globalBatch, measuredRanks: times.ranks,
      links: AssumedLink.all)
  }
}
