import Training

/// The predicted time of a step on other ranks and links, from the computing measured here.
///
/// Every rank is assumed to have a core like this one and a private link.
public struct ScalingPrediction: Sendable, Equatable, Codable {
  /// The number of samples that is kept while ranks are added.
  public enum Batch: String, Sendable, CaseIterable, Codable {
    /// The samples of each rank, as here: the global batch grows.
    case perRank
    /// The global batch, as in the recipe: each rank has fewer samples.
    case global
  }

  public let ranks: Int
  public let batch: Batch
  public let link: String
  public let strategy: GradientPlan.Strategy
  /// Seconds of a step.
  public let seconds: Double
  /// Samples per second and rank, over those of one rank without any communication.
  public let efficiency: Double

  /// The numbers of ranks that are extrapolated to.
  public static let ranks = [8, 16, 32, 64, 128, 256, 512, 1024]

  /// All predictions for a step that was measured with `ranks` ranks and a global batch of
  /// `samples`.
  ///
  /// A global batch is not shared by more ranks than it has samples.
  public static func all(
    _ step: StepSimulation, samples: Int, measuredRanks: Int, links: [AssumedLink]
  ) -> [ScalingPrediction] {
    Batch.allCases.flatMap { batch in
      ranks.filter { batch == .perRank || $0 <= samples }.flatMap { ranks in
        links.flatMap { link in
          GradientPlan.Strategy.allCases.map { strategy in
            ScalingPrediction(
              step, samples: samples, measuredRanks: measuredRanks, ranks: ranks,
              batch: batch, link: link, strategy: strategy)
          }
        }
      }
    }
  }

  init(
    _ step: StepSimulation, samples: Int, measuredRanks: Int, ranks: Int, batch: Batch,
    link: AssumedLink, strategy: GradientPlan.Strategy
  ) {
    // One rank alone computes on what a rank has here, or on the whole global batch.
    let alone =
      batch == .perRank ? step : step.withSamples(times: Double(measuredRanks))
    let shared =
      batch == .perRank
      ? step : step.withSamples(times: Double(measuredRanks) / Double(ranks))
    let seconds = shared.run(strategy) { link.link.sumSeconds(bytes: $0, ranks: ranks) }.total
    self.ranks = ranks
    self.batch = batch
    self.link = link.name
    self.strategy = strategy
    self.seconds = seconds
    efficiency =
      batch == .perRank
      ? alone.computing / seconds : alone.computing / (Double(ranks) * seconds)
  }
}
