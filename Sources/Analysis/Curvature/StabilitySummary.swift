import Failures

/// The statistics of a data set's relative gradient changes.
public struct StabilitySummary: Sendable, Equatable, Encodable {
  /// At one radius.
  public struct AtRadius: Sendable, Equatable, Encodable {
    public let radius: Double
    /// Of each sample's mean over the directions; nil if no sample has a gradient.
    public let mean: SampleStatistics?
    /// Of each sample's largest change over the directions.
    public let worst: SampleStatistics?
  }

  public let samples: Int
  /// Samples whose gradient is zero, which have no relative change and are left out.
  public let withoutGradient: Int
  public let radii: [AtRadius]

  private enum CodingKeys: String, CodingKey {
    case samples, radii
    case withoutGradient = "without-gradient"
  }

  /// - Parameter changes: samples × radii, radii innermost.
  public init(_ changes: [GradientStability.Change], radii: [Double]) {
    require(
      !changes.isEmpty && changes.count % radii.count == 0,
      "\(changes.count) changes at \(radii.count) radii")
    samples = changes.count / radii.count
    withoutGradient = changes.count { $0.gradientNorm == 0 } / radii.count
    self.radii = radii.enumerated().map { index, radius in
      let here = stride(from: index, to: changes.count, by: radii.count).map { changes[$0] }
      let means = here.compactMap(\.relativeMean)
      let worst = here.compactMap(\.relativeWorst)
      return AtRadius(
        radius: radius, mean: means.isEmpty ? nil : SampleStatistics(means),
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
