import Kernels
import Training

/// A measured training step: as a whole, by pass and layer, and what its time is made of.
public struct StepBreakdown: Sendable, Equatable, Codable {
  /// One pass over the network.
  public struct Pass: Sendable, Equatable, Codable {
    public let pass: TracedPass
    /// Seconds without those in collectives.
    public let computing: Double
    public internal(set) var collectives: Double
    /// By the direct count, and bytes as loops read and write them.
    public let operations: Double
    public let bytes: Double

    public var seconds: Double { computing + collectives }
  }

  /// One layer of the network's chain.
  public struct Layer: Sendable, Equatable, Codable {
    public let name: String
    public let passes: [Pass]
  }

  /// What a part of the step's time is spent on.
  public struct Share: Sendable, Equatable, Codable {
    public enum Part: String, Sendable, CaseIterable, Codable {
      case winogradProducts, winogradTransforms, loweredConvolutions, elementwise, statistics
      case spectralNorms, update, collectives, rest
    }

    public let part: Part
    /// From the kernels measured by themselves, but for collectives, which are the step's own, and the rest.
    public let seconds: Double
    /// What the part has to do at least; of Winograd's products their own operations, not the direct count.
    public let operations: Double
    public let bytes: Double
  }

  public let ranks: Int
  /// Samples of all ranks, and of this one.
  public let globalBatch: Int
  public let samples: Int
  /// Of the products of Winograd's algorithm.
  public let precision: Precision
  /// Of all ranks together.
  public let imagesPerSecond: Double
  /// Medians of whole steps, from barrier to barrier.
  public let seconds: Double
  public let fastest: Double
  public let slowest: Double
  /// Steps that these are the median of.
  public let steps: Int
  /// The same step with a clock at each layer.
  public let tracedSeconds: Double
  /// How gradients are summed, and what that was chosen from; nothing if there was no choice.
  public let plan: GradientPlan
  public let trials: [GradientMeasurement]
  public let buckets: Int
  public let reducedBytes: Int
  /// The plan of this rank, and what is resident of its process after the steps; nil where the system does not say.
  public let memoryBytes: Int
  public let residentBytes: Int?
  /// Of this rank's thread, in all of `steps`.
  public let pageFaults: Int
  public let passes: [Pass]
  public let layers: [Layer]
  public let shares: [Share]
}
