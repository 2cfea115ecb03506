import Layers
import Networks

/// The paper's data-free surrogate Σᵢ Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of a low-curvature network.
///
/// Cᵢ = β of activation i bounds its normalised curvature; the product runs over what stands before it:
/// spectrally normalised convolutions (1), batch norms (m·max_c r_c, in evaluation), activations (1), and
/// for a residual block ½·(‖F‖ + ‖S‖)/√2 with ½ and 1/√2 as in ``Residual``. It is what training lowers,
/// not a true bound: f = s(x) + s(−x) breaks it.
/// - Source: Srinivas et al. 2022, theorem 1.
public enum CurvatureBound {
  /// The surrogate at the model's present weights and running statistics; nil for a standard network,
  /// whose convolutions have no norm to read.
  public static func surrogate(_ model: Model) -> Double? {
    surrogateTerms(model).map { $0.reduce(0, +) }
  }

  /// Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of every activation: the network's own in the order of its layers, those within a residual
  /// block when it is reached, the branch's before the shortcut's; nil for a standard network.
  public static func surrogateTerms(_ model: Model) -> [Double]? {
    guard model.architecture.variant == .lowCurvature else { return nil }
    return accumulate(model.chain.parts, lipschitz: 1).terms
  }

  /// The terms of parts whose input has passed maps of this Lipschitz constant, and what comes out.
  private static func accumulate(
    _ parts: [NetworkPart], lipschitz: Double
  ) -> (terms: [Double], lipschitz: Double) {
    var lipschitz = lipschitz
    var terms: [Double] = []
    for part in parts {
      switch part {
      case .layer(let norm as BatchNorm):
        lipschitz *= Double(min(1 / norm.scale, norm.gamma))
      case .layer(let activation as CenteredSoftplus):
        terms.append(Double(activation.beta) * lipschitz)
      case .residual(let branch, let shortcut):
        let entering = lipschitz * 0.5.squareRoot()
        let branch = accumulate(branch, lipschitz: entering)
        let shortcut = shortcut.map { accumulate($0, lipschitz: entering) }
        terms += branch.terms + (shortcut?.terms ?? [])
        lipschitz = 0.5 * (branch.lipschitz + (shortcut?.lipschitz ?? entering))
      case .layer:
        break
      }
    }
    return (terms, lipschitz)
  }
}
