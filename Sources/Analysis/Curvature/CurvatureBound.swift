import Layers
import Networks

/// The paper's data-free surrogate Σᵢ Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of a low-curvature network.
///
/// Cᵢ = β of activation i bounds its normalised curvature. The product is over the maps before it:
/// spectrally normalised convolutions (1), batch norms (m·max_c r_c, in evaluation), activations
/// (1), and for a residual block ½·(‖F‖ + ‖S‖)/√2 with ½ and 1/√2 as in ``Residual``. Training
/// lowers this number; it is not a true bound, since f = s(x) + s(−x) exceeds it.
/// - Source: Srinivas et al. 2022, theorem 1.
public enum CurvatureBound {
  /// The surrogate at the model's present weights and running statistics; nil for a standard
  /// network, whose convolutions have no norm to read.
  public static func surrogate(_ model: Model) -> Double? {
    surrogateTerms(model).map { $0.reduce(0, +) }
  }

  /// Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of every activation, in the order of the layers; nil for a standard network.
  ///
  /// The activations within a residual block come before the one after it, the branch's before the
  /// shortcut's.
  public static func surrogateTerms(_ model: Model) -> [Double]? {
    guard model.architecture.variant == .lowCurvature else { return nil }
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
        lipschitz *= Double(min(1 / norm.scale, norm.gamma))
      case .activation(let activation):
        terms.append(Double(activation.softplus.beta) * lipschitz)
      case .residual(let branch, let shortcut):
        let entering = lipschitz * 0.5.squareRoot()
        let branch = accumulate(branch, lipschitz: entering)
        let shortcut = shortcut.map { accumulate($0, lipschitz: entering) }
        terms += branch.terms + (shortcut?.terms ?? [])
        lipschitz = 0.5 * (branch.lipschitz + (shortcut?.lipschitz ?? entering))
      case .affine, .averagePooling, .maximumPooling:
        // Spectrally normalised or 1-Lipschitz: the factor is 1.
        break
      }
    }
    return (terms, lipschitz)
  }
}
