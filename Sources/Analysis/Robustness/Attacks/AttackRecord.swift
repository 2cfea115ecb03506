/// The result of an attack on one sample: the point with the smallest margin.
public struct AttackRecord: Sendable, Equatable, Codable {
  /// The class that the model predicts at the point.
  public var prediction: Int
  /// Whether the prediction differs from the label.
  public var isMisclassified: Bool
  /// z_y − max_{i≠y} z_i at the point, the smallest that was seen.
  public var margin: Float
  /// The cross-entropy of the label at the point.
  public var loss: Double
  /// The distance from the image, in the norm of the threat model.
  public var distance: Double
  /// The number of forward passes until the sample was misclassified or the attack ended.
  public var passes: Int
  /// The number of the forward pass that found the point, from 1, the attack's start.
  public var foundAt: Int
  /// Whether the cross-entropy was larger at a later point than at the first.
  public var hasGrown: Bool
  /// Whether the gradient at a point was zero, so that the attack could not move.
  public var hasZeroGradient: Bool
  /// Whether all logits were finite; the rest of the record is void otherwise.
  public var isFinite: Bool

  private enum CodingKeys: String, CodingKey {
    case prediction, margin, loss, distance, passes
    case isMisclassified = "broken"
    case foundAt = "found-at"
    case hasGrown = "grown"
    case hasZeroGradient = "zero-gradient"
    case isFinite = "finite"
  }

  package init(
    prediction: Int, isMisclassified: Bool, margin: Float, loss: Double, distance: Double,
    passes: Int,
    foundAt: Int, hasGrown: Bool, hasZeroGradient: Bool, isFinite: Bool
  ) {
    self.prediction = prediction
    self.isMisclassified = isMisclassified
    self.margin = margin
    self.loss = loss
    self.distance = distance
    self.passes = passes
    self.foundAt = foundAt
    self.hasGrown = hasGrown
    self.hasZeroGradient = hasZeroGradient
    self.isFinite = isFinite
  }

  /// The record before the first forward pass.
  static let unseen = AttackRecord(
    prediction: 0, isMisclassified: false, margin: .greatestFiniteMagnitude, loss: 0, distance: 0,
    passes: 0, foundAt: 0, hasGrown: false, hasZeroGradient: false, isFinite: true)
}
