/// The cost model's word on a step: beside the measured one, and for ranks and links that are not here.
public struct ModelledStep: Sendable, Equatable, Codable {
  /// Why nothing is predicted.
  public enum Refusal: String, Sendable, Codable {
    /// Ranks share cores: what they compute in takes longer than it would alone.
    case oversubscribed
  }

  /// What a step's seconds go to.
  public struct Parts: Sendable, Equatable, Codable {
    public let computing: Double
    /// In sums of gradients, as far as nothing hides them.
    public let gradients: Double
    public let batchNorm: Double
  }

  public let ranks: Int
  /// The machine's own sums, as fitted; nil for one rank.
  public let fit: SumFit?
  /// α and the bandwidth of a link that would sum so fast.
  public let link: Link?
  public let measuredSeconds: Double
  /// Of other steps, with a clock at each layer, on rank 0.
  public let measured: Parts
  /// By the fit, with sums made as the measured step made them.
  public let predicted: StepSimulation.Duration
  public let predictions: [ScalingPrediction]

  public init(_ step: StepBenchmark.Result, sums: SumTimes?) {
    let times = step.times
    ranks = times.ranks
    fit = sums?.fit
    link = sums?.fit?.link(ranks: times.ranks)
    measuredSeconds = times.seconds
    let gradients = times.passes.filter { $0.pass == .reduce }.reduce(0) { $0 + $1.collectives }
    measured = Parts(
      computing: times.passes.reduce(0) { $0 + $1.computing }, gradients: gradients,
      batchNorm: times.passes.reduce(-gradients) { $0 + $1.collectives })
    let fit = self.fit
    let bucketFit = times.plan.strategy == .blocking ? fit : sums?.startedFit
    predicted = step.simulation.run(
      times.plan.strategy, sumSeconds: { fit?.seconds(bytes: $0) ?? 0 },
      bucketSeconds: { bucketFit?.seconds(bytes: $0) ?? 0 })
    predictions = ScalingPrediction.all(
      step.simulation, samples: times.globalBatch, measuredRanks: times.ranks,
      links: AssumedLink.all)
  }
}
