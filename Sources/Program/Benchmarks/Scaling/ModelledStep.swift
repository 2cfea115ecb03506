/// The prediction of the cost model for the measured step, and for other ranks and links.
public struct ModelledStep: Sendable, Equatable, Codable {
  /// The reason for no prediction.
  public enum Refusal: String, Sendable, Codable {
    /// Ranks share cores, so their computing takes longer than it would alone.
    case oversubscribed
  }

  /// The seconds of a step by its parts.
  public struct Parts: Sendable, Equatable, Codable {
    public let computing: Double
    /// Allreduces of gradients, without the hidden part.
    public let gradients: Double
    public let batchNorm: Double
  }

  public let ranks: Int
  /// The fit to the measured allreduces; nil for one rank.
  public let fit: AllreduceFit?
  /// The link that such allreduces would have.
  public let link: Link?
  public let measuredSeconds: Double
  /// The parts of traced steps, on rank 0.
  public let measured: Parts
  /// The simulated step by the fit, with the plan of the measured step.
  public let predicted: StepSimulation.Duration
  public let predictions: [ScalingPrediction]

  public init(_ step: StepBenchmark.Result, sums: AllreduceTimes?) {
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
