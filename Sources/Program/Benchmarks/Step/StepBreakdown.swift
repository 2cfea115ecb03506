import Kernels
import Training

/// The time of a training step as a whole, by pass, by layer, and by kernel.
public struct StepBreakdown: Sendable, Equatable, Codable {
  /// One pass over the network.
  public struct Pass: Sendable, Equatable, Codable {
    public let pass: TracedPass
    /// Seconds without those in collectives.
    public let computing: Double
    public internal(set) var collectives: Double
    /// Operations by the direct count, and bytes as loops read and write them.
    public let operations: Double
    public let bytes: Double

    public var seconds: Double { computing + collectives }
  }

  /// One layer of the network's chain.
  public struct Layer: Sendable, Equatable, Codable {
    public let name: String
    public let passes: [Pass]
  }

  /// A part of the step's time, by its kind of work.
  public struct Share: Sendable, Equatable, Codable {
    public enum Part: String, Sendable, CaseIterable, Codable {
      case winogradProducts, winogradTransforms, loweredConvolutions, elementwise, statistics
      case spectralNorms, update, collectives, rest
    }

    public let part: Part
    /// Seconds from the kernels measured by themselves; collectives and the rest are from the
    /// traced step.
    public let seconds: Double
    /// The least work of the part; for Winograd's products the operations that they make.
    public let operations: Double
    public let bytes: Double
  }

  public let ranks: Int
  /// Samples of all ranks, and of this one.
  public let globalBatch: Int
  public let samples: Int
  /// The precision of the products of Winograd's algorithm.
  public let precision: Precision
  /// Images per second of all ranks together.
  public let imagesPerSecond: Double
  /// Medians of whole steps, from barrier to barrier.
  public let seconds: Double
  public let fastest: Double
  public let slowest: Double
  /// The number of these steps.
  public let steps: Int
  /// Seconds of a traced step, with a clock at each layer.
  public let tracedSeconds: Double
  /// The gradient plan, and the trials that it was chosen from; none if there was no choice.
  public let plan: GradientPlan
  public let trials: [GradientMeasurement]
  public let buckets: Int
  public let reducedBytes: Int
  /// Bytes of this rank's plan, and the resident bytes of its process after the steps, if the
  /// system tells them.
  public let memoryBytes: Int
  public let residentBytes: Int?
  /// Page faults of this rank's thread, in all of `steps`.
  public let pageFaults: Int
  public let passes: [Pass]
  public let layers: [Layer]
  public let shares: [Share]
}
