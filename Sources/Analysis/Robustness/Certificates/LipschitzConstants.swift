/// Bounds of a map x ↦ h(x) and of its Jacobian over the whole input space, in L2.
///
/// For the composition of maps, L_D(h∘g) ≤ L_D(h)·L(g)² + L(h)·L_D(g). The Jacobian of an
/// activation is diagonal, and changes by at most max |s″| times the largest change of a *single*
/// preactivation. One of the two factors L(g) is therefore R(g), the longest row of g's Jacobian.
/// - Source: Entesari, Sharifi and Fazlyab, ICML 2024; Srinivas et al. 2022 for max s″ = β/4 of a softplus.
struct LipschitzConstants: Equatable {
  /// L ≥ ‖J(x)‖₂ for all x.
  var lipschitz: Double
  /// R ≥ ‖row i of J(x)‖₂ for all x and i; never above L.
  var row: Double
  /// L_D ≥ ‖J(x) − J(y)‖₂/‖x − y‖₂ for all x ≠ y; nil if J is not continuous.
  var jacobian: Double?

  static let identity = LipschitzConstants(lipschitz: 1, row: 1, jacobian: 0)

  /// The relative error of some thousand roundings by 2⁻⁵³ each.
  private static let rounding = 1 + 0x1p-40

  func scaled(by factor: Double) -> LipschitzConstants {
    LipschitzConstants(
      lipschitz: factor * lipschitz, row: factor * row, jacobian: jacobian.map { factor * $0 })
  }

  /// The constants of Ah + b.
  func mapped(_ norms: LayerNorms) -> LipschitzConstants {
    let longest = min(norms.largestRow, norms.certified)
    return LipschitzConstants(
      lipschitz: norms.certified * lipschitz, row: longest * lipschitz,
      jacobian: jacobian.map { norms.certified * $0 })
  }

  /// The constants of s(h), elementwise; |s′| ≤ slope, and |s″| ≤ curvature or s′ jumps.
  func activated(slope: Double, curvature: Double?) -> LipschitzConstants {
    LipschitzConstants(
      lipschitz: slope * lipschitz, row: slope * row,
      jacobian: curvature.flatMap { curvature in
        jacobian.map { slope * $0 + curvature * row * lipschitz }
      })
  }

  /// The constants of the mean over `positions` positions of each channel: orthogonal rows of
  /// length 1/√positions.
  func averaged(over positions: Int) -> LipschitzConstants {
    let norm = 1 / Double(positions).squareRoot()
    return LipschitzConstants(
      lipschitz: norm * lipschitz, row: min(row, norm * lipschitz),
      jacobian: jacobian.map { norm * $0 })
  }

  /// The constants of the maxima of disjoint windows: 1-Lipschitz, but the Jacobian is not
  /// continuous.
  func maximized() -> LipschitzConstants {
    LipschitzConstants(lipschitz: lipschitz, row: row, jacobian: nil)
  }

  /// The constants of the sum of two maps.
  static func + (a: LipschitzConstants, b: LipschitzConstants) -> LipschitzConstants {
    LipschitzConstants(
      lipschitz: a.lipschitz + b.lipschitz, row: a.row + b.row,
      jacobian: a.jacobian.flatMap { first in b.jacobian.map { first + $0 } })
  }

  /// The constants, enlarged by the rounding errors of their computation.
  var roundedUp: LipschitzConstants { scaled(by: Self.rounding) }
}
