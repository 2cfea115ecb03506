import Kernels
import Layers
import Networks

/// The paper's data-free surrogate Σᵢ Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of a network with normalised convolutions.
///
/// Cᵢ = β of activation i bounds its normalised curvature. The product is over the maps before it:
/// convolutions that are divided by their operator's norm (1), batch norms (m·max_c r_c, in
/// evaluation), activations (1), and for a residual block ½·(‖F‖ + ‖S‖)/√2 with ½ and 1/√2 as in ``Residual``. Training
/// lowers this number; it is not a true bound, since f = s(x) + s(−x) exceeds it.
/// - Source: Srinivas et al. 2022, theorem 1.
public enum CurvatureBound {
  /// The reason why a network has no surrogate.
  public enum Obstacle: Sendable, Equatable, CustomStringConvertible {
    /// Convolutions are not divided by the norms of their operators.
    case noOperatorNorm
    /// |s″|/|s′| of the activations has no bound.
    case unboundedActivation(ActivationFunction)

    public var description: String {
      switch self {
      case .noOperatorNorm: "convolutions are not divided by the norms of their operators"
      case .unboundedActivation(let function):
        function.largestCurvature == nil
          ? "the derivative of a \(function.name) jumps"
          : "the derivative of a \(function.name) passes through 0, so |s″|/|s′| has no bound"
      }
    }
  }

  /// The reason why networks of a variant have no surrogate; nil if they have one.
  public static func obstacle(_ variant: Architecture.Variant) -> Obstacle? {
    if case .fixed(let function) = variant.activation, function.softplusBeta == nil {
      return .unboundedActivation(function)
    }
    return variant.spectralNorm == .convolution ? nil : .noOperatorNorm
  }

  /// The surrogate at the model's present weights and running statistics; nil if there is an
  /// ``Obstacle``.
  public static func surrogate(_ model: Model) -> Double? {
    surrogateTerms(model).map { $0.reduce(0, +) }
  }

  /// Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of every activation, in the order of the layers; nil if there is an
  /// ``Obstacle``.
  ///
  /// The activations within a residual block come before the one after it, the branch's before the
  /// shortcut's.
  public static func surrogateTerms(_ model: Model) -> [Double]? {
    guard obstacle(model.architecture.variant) == nil else { return nil }
    return accumulate(model.chain.evaluation, lipschitz: 1).terms
  }

  /// The terms of maps, and the Lipschitz constant behind them; `lipschitz` is the constant before
  /// them.
  private static func accumulate(
    _ maps: [EvaluationMap], lipschitz: Double
  ) -> (terms: [Double], lipschitz: Double) {
    var lipschitz = lipschitz
    var terms: [Double] = []
    for map in maps {
      switch map {
      case .normalization(let norm):
        let stretch = 1 / norm.scale
        lipschitz *= Double(norm.constraint == .lipschitz ? min(stretch, norm.gamma) : stretch)
      case .activation(let activation):
        terms.append(Double(activation.function.beta) * lipschitz)
      case .residual(let branch, let shortcut):
        let entering = lipschitz * 0.5.squareRoot()
        let branch = accumulate(branch, lipschitz: entering)
        let shortcut = shortcut.map { accumulate($0, lipschitz: entering) }
        terms += branch.terms + (shortcut?.terms ?? [])
        lipschitz = 0.5 * (branch.lipschitz + (shortcut?.lipschitz ?? entering))
      case .affine, .averagePooling, .maximumPooling:
        // Divided by its norm or 1-Lipschitz: the factor is 1.
        break
      }
    }
    return (terms, lipschitz)
  }
}
