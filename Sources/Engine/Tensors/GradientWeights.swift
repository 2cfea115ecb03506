/// gradient ← previous·gradient + primal·θ̄ + tangent·dθ̄/dε.
///
/// `previous` is 0 for the first contribution of a step and 1 for every later one: a further layer
/// that shares the parameter, CURE's second point, a further slice.
public struct GradientWeights: Sendable, Equatable {
  public let previous: Float
  public let primal: Float
  public let tangent: Float

  public init(previous: Float, primal: Float, tangent: Float) {
    self.previous = previous
    self.primal = primal
    self.tangent = tangent
  }

  /// The plain gradient of the loss.
  public static let loss = GradientWeights(previous: 0, primal: 1, tangent: 0)

  /// These weights with `previous` = 1: the contribution is added to the gradient.
  public var adding: GradientWeights {
    GradientWeights(previous: 1, primal: primal, tangent: tangent)
  }
}
