/// A piece of a training step, in the order of the step.
public enum SweepPass: String, Sendable, CaseIterable, Codable {
  /// Spectral norms, β and γ from the weights.
  case refresh
  case forward
  case loss
  /// Data gradients only: a step with a gradient-norm penalty makes it before its tangents.
  case dataBackward
  case forwardTangent
  /// The last sweep, which writes the parameters' gradients.
  case backward
  case backwardTangent
  /// Sums of gradients over ranks, also those between the layers of the last sweep.
  case reduce
  /// Gradients of what layers read to those of what is trained.
  case pullBack
  case update

  /// The sweeps over layers of a step with or without a penalty on the input gradient.
  static func sweeps(penalizesGradient: Bool) -> [SweepPass] {
    penalizesGradient
      ? [.forward, .dataBackward, .forwardTangent, .backwardTangent] : [.forward, .backward]
  }
}
