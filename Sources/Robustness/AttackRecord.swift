/// What an attack found of one sample: the point where the model is nearest to another class.
public struct AttackRecord: Sendable, Equatable, Codable {
  /// The class that the model predicts at the point.
  public var prediction: Int
  /// Whether that is another class than the label.
  public var isBroken: Bool
  /// z_y − max_{i≠y} z_i at the point, the smallest that was seen.
  public var margin: Float
  /// The cross-entropy of the label at the point.
  public var loss: Double
  /// From the image, in the norm of the threat model.
  public var distance: Double
  /// Forward passes until the sample was broken or the attack ended.
  public var passes: Int
  /// Which of them met the point, from 1; 1 is the attack's start.
  public var foundAt: Int
  /// Whether a gradient in which the attack should have moved was zero.
  public var hasZeroGradient: Bool
  /// Whether all logits that were seen were finite; the rest is void if not.
  public var isFinite: Bool

  private enum CodingKeys: String, CodingKey {
    case prediction, margin, loss, distance, passes
    case isBroken = "broken"
    case foundAt = "found-at"
    case hasZeroGradient = "zero-gradient"
    case isFinite = "finite"
  }

  /// Nothing seen yet.
  static let unseen = AttackRecord(
    prediction: 0, isBroken: false, margin: .greatestFiniteMagnitude, loss: 0, distance: 0,
    passes: 0, foundAt: 0, hasZeroGradient: false, isFinite: true)
}
