/// The tensors that the edges of a plan have.
public enum Derivatives: Int, Comparable, Sendable {
  /// Values only: inference.
  case none
  /// Values and gradients: training without a penalty, attacks.
  case first
  /// All four: gradient-norm penalty, Hessian-vector products.
  case second

  public static func < (a: Derivatives, b: Derivatives) -> Bool { a.rawValue < b.rawValue }
}
