import Failures

/// The statistics of a data set's relative gradient changes.
public struct StabilitySummary: Sendable, Equatable, Codable {
  /// The changes at one length ‖e‖.
  public struct AtEpsilon: Sendable, Equatable, Codable {
    public let epsilon: Double
    /// Statistics of each sample's mean change over the directions; nil if no sample has a
    /// gradient.
    public let mean: SampleStatistics?
    /// Statistics of each sample's largest change over the directions; nil if no sample has a
    /// gradient.
    public let worst: SampleStatistics?

    private enum CodingKeys: String, CodingKey {
      case epsilon = "radius"
      case mean, worst
    }
  }

  public let samples: Int
  /// The number of samples with a zero gradient, which have no relative change and are left out.
  public let withoutGradient: Int
  public let epsilons: [AtEpsilon]

  private enum CodingKeys: String, CodingKey {
    case samples
    case epsilons = "radii"
    case withoutGradient = "without-gradient"
  }

  /// - Parameter changes: samples × epsilons, epsilons innermost.
  public init(_ changes: [GradientStability.Change], epsilons: [Double]) {
    require(
      !changes.isEmpty && changes.count % epsilons.count == 0,
      "\(changes.count) changes at \(epsilons.count) epsilons")
    samples = changes.count / epsilons.count
    withoutGradient = changes.count { $0.gradientNorm == 0 } / epsilons.count
    self.epsilons = epsilons.enumerated().map { index, epsilon in
      let here = stride(from: index, to: changes.count, by: epsilons.count).map { changes[$0] }
      let means = here.compactMap(\.relativeMean)
      let worst = here.compactMap(\.relativeWorst)
      return AtEpsilon(
        epsilon: epsilon, mean: means.isEmpty ? nil : SampleStatistics(means),
        worst: worst.isEmpty ? nil : SampleStatistics(worst))
    }
  }
}

extension GradientStability.Change {
  /// mean/‖∇f(x)‖; nil if the gradient is zero.
  public var relativeMean: Double? { gradientNorm > 0 ? mean / gradientNorm : nil }
  /// worst/‖∇f(x)‖; nil if the gradient is zero.
  public var relativeWorst: Double? { gradientNorm > 0 ? worst / gradientNorm : nil }
}
