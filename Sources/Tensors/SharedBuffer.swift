/// The buffers of a plan that are used in turn, since what they hold is soon used up.
///
/// A pass goes through the layers one after the other, and what it makes at one of them is, with few
/// exceptions, only read by the next: the exceptions have storage of their own, the rest take turns.
public enum SharedBuffer: Int, Sendable, CaseIterable {
  /// What the layers of a chain hand on: edges of even and of odd number.
  case evenEdge, oddEdge
  /// Inside a block: outputs of its convolutions, where only values are planned.
  case convolutionValue, shortcutValue
  /// Inside a block: the gradients of its convolutions' outputs and their tangents.
  case convolutionGradient, convolutionGradientTangent
  case shortcutGradient, shortcutGradientTangent
  /// Inside a residual block: the edge after its first activation.
  case innerValue, innerGradient, innerTangent, innerGradientTangent
}
