/// What an iteration has found out about the Hessian H of one sample.
public struct SpectralEstimate: Sendable, Equatable, BitwiseCopyable {
  /// The outermost eigenvalues, with their signs.
  public struct Extremes: Sendable, Equatable, BitwiseCopyable {
    public var smallest: Double
    public var largest: Double
  }

  /// ‖H‖₂, from below.
  public var norm: Double
  /// The eigenvalue λ of largest magnitude, a Rayleigh quotient.
  public var eigenvalue: Double
  /// ‖Hv − λv‖/‖Hv‖ for the unit vector v of the estimate; 0 if Hv = 0.
  ///
  /// An eigenvalue of H lies within residual·‖Hv‖ of λ. Near 1 while eigenvalues of both signs
  /// compete, where ‖Hv‖ may well have settled.
  public var residual: Double
  /// Hessian-vector products that were taken.
  public var products: Int
  /// Whether the iteration's test held; nil where there is none.
  public var isConverged: Bool?
  /// Only from ``Lanczos``.
  public var extremes: Extremes?

  /// The estimate before the first product.
  static let none = SpectralEstimate(
    norm: 0, eigenvalue: 0, residual: 0, products: 0, isConverged: false, extremes: nil)
}
