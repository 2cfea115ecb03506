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
  /// Which of them met the point, from 1, the attack's start.
  public var foundAt: Int
  /// Whether the cross-entropy was larger at any later point than at the first.
  public var hasGrown: Bool
  /// Whether a gradient along which the attack should have moved was zero.
  public var hasZeroGradient: Bool
  /// Whether all logits that were seen were finite; the rest is void if not.
  public var isFinite: Bool

  private enum CodingKeys: String, CodingKey {
    case prediction, margin, loss, distance, passes
    case isBroken = "broken"
    case foundAt = "found-at"
    case hasGrown = "grown"
    case hasZeroGradient = "zero-gradient"
    case isFinite = "finite"
  }

  package init(
    prediction: Int, isBroken: Bool, margin: Float, loss: Double, distance: Double, passes: Int,
    foundAt: Int, hasGrown: Bool, hasZeroGradient: Bool, isFinite: Bool
  ) {
    self.prediction = prediction
    self.isBroken = isBroken
    self.margin = margin
    self.loss = loss
    self.distance = distance
    self.passes = passes
    self.foundAt = foundAt
    self.hasGrown = hasGrown
    self.hasZeroGradient = hasZeroGradient
    self.isFinite = isFinite
  }

  /// Nothing seen yet.
  static let unseen = AttackRecord(
    prediction: 0, isBroken: false, margin: .greatestFiniteMagnitude, loss: 0, distance: 0,
    passes: 0, foundAt: 0, hasGrown: false, hasZeroGradient: false, isFinite: true)
}
