/// Robust accuracy at every epsilon, and signs that an attack failed although the model is not
/// robust.
public struct RobustnessSummary: Sendable, Equatable, Codable {
  /// The results at one epsilon.
  public struct AtEpsilon: Sendable, Equatable, Codable {
    public let epsilon: Double
    /// Samples that are classified correctly, and that no attack has misclassified.
    public let robust: Proportion
    /// The number of samples that were attacked here: those that no smaller epsilon had
    /// misclassified.
    public let attacked: Int
    /// The number of attacked samples that each attack was first to misclassify.
    public let broken: [String: Int]
    /// The mean distance of the examples found here.
    public let meanDistance: Double?
    public let signs: Signs

    private enum CodingKeys: String, CodingKey {
      case epsilon, robust, attacked, broken, signs
      case meanDistance = "mean-distance"
    }
  }

  /// Signs of masked gradients among the samples attacked at one epsilon; all are zero without
  /// masking.
  ///
  /// One or two samples may be chance: Square draws at random, and the loss of a confident sample
  /// has no gradient in single precision.
  /// - Source: Carlini et al., "On evaluating adversarial robustness", 2019, §3; Croce and Hein,
  ///   ICML 2020.
  public struct Signs: Sendable, Equatable, Codable {
    /// The number of samples where an attack met a gradient of exactly zero.
    public let withoutGradient: Int
    /// The number of samples where no step on the cross-entropy raised it above its value at a
    /// random start.
    public let withoutGrowth: Int
    /// The number of samples that Square misclassified after the gradient attacks could not; nil
    /// unless both ran.
    public let squareOnly: Int?
    /// Whether no sample was misclassified here that the next smaller epsilon had left, of at least
    /// ``fewestAttacked``.
    public let isFlat: Bool

    /// The smallest number of samples that is a sign.
    public static let fewestSamples = 3

    /// The least n with 0.95ⁿ < 0.05: if none of n attacked samples is misclassified, then at 95 %
    /// confidence fewer than 5 % of all would be.
    public static let fewestAttacked = 59

    public var areClear: Bool {
      [withoutGradient, withoutGrowth, squareOnly ?? 0].allSatisfy { $0 < Self.fewestSamples }
        && !isFlat
    }

    private enum CodingKeys: String, CodingKey {
      case withoutGradient = "zero-gradient"
      case withoutGrowth = "no-growth"
      case squareOnly = "square-only"
      case isFlat = "flat"
    }
  }

  /// Samples that are classified correctly without an attack.
  public let accuracy: Proportion
  public let epsilons: [AtEpsilon]

  init(_ tally: RobustnessTally) {
    let samples = tally.clean.count
    accuracy = Proportion(tally.clean.count { !$0.isMisclassified }, of: samples)
    let kinds = tally.plan.kinds
    let comparesSquare =
      kinds.firstIndex(of: .square).map { kinds[..<$0].contains(where: \.isGradientBased) } ?? false
    var rows: [AtEpsilon] = []
    for (epsilon, findings) in zip(tally.plan.epsilons, tally.findings) {
      let here = findings.filter { $0.epsilon == epsilon }
      let misclassified = here.filter(\.record.isMisclassified)
      let robust = Proportion(findings.count { !$0.record.isMisclassified }, of: samples)
      let before = rows.last?.robust ?? accuracy
      let distances = misclassified.map(\.record.distance)
      rows.append(
        AtEpsilon(
          epsilon: epsilon, robust: robust, attacked: here.count,
          broken: Dictionary(
            uniqueKeysWithValues: kinds.map { kind in
              (kind.rawValue, misclassified.count { $0.attack == kind })
            }),
          meanDistance: distances.isEmpty
            ? nil : distances.reduce(0, +) / Double(distances.count),
          signs: Signs(
            withoutGradient: here.count(where: \.hasZeroGradient),
            withoutGrowth: here.count(where: \.hasNoGrowth),
            squareOnly: comparesSquare ? misclassified.count { $0.attack == .square } : nil,
            isFlat: !rows.isEmpty && robust == before && here.count >= Signs.fewestAttacked)))
    }
    epsilons = rows
  }
}
