/// Robust accuracy at every distance, and signs that an attack may have failed rather than the
/// model resisted.
public struct RobustnessSummary: Sendable, Equatable, Encodable {
  /// At one distance.
  public struct AtEpsilon: Sendable, Equatable, Encodable {
    public let epsilon: Double
    /// Samples that are classified correctly and that no attack has broken.
    public let robust: Proportion
    /// Samples that were attacked here: those that no smaller distance had broken.
    public let attacked: Int
    /// Of them, how many each attack has broken first.
    public let broken: [String: Int]
    /// Mean distance of the examples found here.
    public let meanDistance: Double?
    public let signs: Signs

    private enum CodingKeys: String, CodingKey {
      case epsilon, robust, attacked, broken, signs
      case meanDistance = "mean-distance"
    }
  }

  /// Signs of masked gradients among the samples attacked at one distance; all zero is as it should
  /// be.
  ///
  /// One or two samples may be chance: Square draws at random, and the loss of a sample that the
  /// model is sure of has no gradient in single precision.
  /// - Source: Carlini et al., "On evaluating adversarial robustness", 2019, §3; Croce and Hein,
  ///   ICML 2020.
  public struct Signs: Sendable, Equatable, Encodable {
    /// Samples at which an attack met a gradient of exactly zero.
    public let withoutGradient: Int
    /// Samples at which no step on the cross-entropy raised it above that of a random start.
    public let withoutGrowth: Int
    /// Samples that Square broke after the gradient attacks could not; nil if not both were run.
    public let squareOnly: Int?
    /// Whether no sample fell that the next smaller distance had left, of at least
    /// ``fewestAttacked``.
    public let isFlat: Bool

    /// How many samples make a sign.
    public static let fewestSamples = 3

    /// The least n with 0.95ⁿ < 0.05: if so many are attacked and none falls, then at 95 %
    /// confidence fewer than 5 % of all would.
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
    accuracy = Proportion(tally.clean.count { !$0.isBroken }, of: samples)
    let kinds = tally.plan.kinds
    let comparesSquare =
      kinds.firstIndex(of: .square).map { kinds[..<$0].contains(where: \.isGradientBased) } ?? false
    var rows: [AtEpsilon] = []
    for (epsilon, findings) in zip(tally.plan.epsilons, tally.findings) {
      let here = findings.filter { $0.epsilon == epsilon }
      let brokenHere = here.filter(\.record.isBroken)
      let robust = Proportion(findings.count { !$0.record.isBroken }, of: samples)
      let before = rows.last?.robust ?? accuracy
      let distances = brokenHere.map(\.record.distance)
      rows.append(
        AtEpsilon(
          epsilon: epsilon, robust: robust, attacked: here.count,
          broken: Dictionary(
            uniqueKeysWithValues: kinds.map { kind in
              (kind.rawValue, brokenHere.count { $0.attack == kind })
            }),
          meanDistance: distances.isEmpty
            ? nil : distances.reduce(0, +) / Double(distances.count),
          signs: Signs(
            withoutGradient: here.count(where: \.hasZeroGradient),
            withoutGrowth: here.count(where: \.hasNoGrowth),
            squareOnly: comparesSquare ? brokenHere.count { $0.attack == .square } : nil,
            isFlat: !rows.isEmpty && robust == before && here.count >= Signs.fewestAttacked)))
    }
    epsilons = rows
  }
}
