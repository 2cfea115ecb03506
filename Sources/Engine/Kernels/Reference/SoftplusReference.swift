#if canImport(Glibc)
  import Glibc
#endif

/// The plain twin of ``Softplus``: one element at a time, in double, by the formulas of the
/// definition.
package struct SoftplusReference {
  package let beta: Double
  package let centering: Softplus.Centering

  package init(beta: Double, centering: Softplus.Centering) {
    self.beta = beta
    self.centering = centering
  }

  private func isLinear(_ x: Double) -> Bool { beta * x > 20 }

  private func sigmoid(_ x: Double) -> Double { isLinear(x) ? 1 : 1 / (1 + exp(-beta * x)) }

  /// s(x).
  package func value(_ x: Double) -> Double {
    let softplus = isLinear(x) ? beta * x : log1p(exp(beta * x))
    return (softplus - (centering == .centered ? log(2) : 0)) / beta
  }

  /// s'(x) = σ(βx).
  package func derivative(_ x: Double) -> Double { sigmoid(x) }

  /// s''(x) = β·σ(βx)·(1 − σ(βx)).
  package func secondDerivative(_ x: Double) -> Double { beta * sigmoid(x) * (1 - sigmoid(x)) }

  /// ∂s/∂β.
  package func betaDerivative(_ x: Double) -> Double { (x * sigmoid(x) - value(x)) / beta }

  /// ∂s'/∂β.
  package func betaDerivativeOfSlope(_ x: Double) -> Double { x * sigmoid(x) * (1 - sigmoid(x)) }
}
