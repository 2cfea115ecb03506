import Failures

/// The distance that an input can move before a margin may reach zero.
///
/// Let m > 0 be a margin whose gradient has norm g here and at most K anywhere, and changes by at
/// most L per unit of length. Along any path its slope at distance t is at most min(K, g + Lt), so
/// it stays positive for all ‖e‖ < r with ∫₀ʳ min(K, g + Lt) dt = m. Up to t* = (K − g)/L, r is the
/// radius of the curvature alone, r = (−g + √(g² + 2Lm))/L; without curvature it is m/K. The radius
/// is at least the larger of both.
/// - Source: Entesari, Sharifi and Fazlyab, ICML 2024; Singla and Feizi, ICML 2020.
public enum CertifiedRadius {
  /// m/K; infinite if the margin does not depend on the input.
  public static func firstOrder(margin: Double, lipschitz: Double) -> Double {
    require(margin > 0 && lipschitz >= 0, "margin \(margin), Lipschitz constant \(lipschitz)")
    return margin / lipschitz
  }

  /// - Parameters:
  ///   - gradientNorm: g.
  ///   - lipschitz: K.
  ///   - gradientLipschitz: L.
  public static func secondOrder(
    margin: Double, gradientNorm: Double, lipschitz: Double, gradientLipschitz: Double
  ) -> Double {
    require(
      gradientNorm >= 0 && gradientLipschitz >= 0,
      "gradient norm \(gradientNorm), its Lipschitz constant \(gradientLipschitz)")
    let straight = firstOrder(margin: margin, lipschitz: lipschitz)
    guard gradientNorm < lipschitz else { return straight }
    // (−g + √(g² + 2Lm))/L without cancellation, also for L = 0.
    let root = (gradientNorm * gradientNorm + 2 * gradientLipschitz * margin).squareRoot()
    let curved = 2 * margin / (gradientNorm + root)
    guard gradientNorm + gradientLipschitz * curved > lipschitz else { return curved }
    let turn = (lipschitz - gradientNorm) / gradientLipschitz
    let used = (gradientNorm + lipschitz) / 2 * turn
    return turn + (margin - used) / lipschitz
  }
}
