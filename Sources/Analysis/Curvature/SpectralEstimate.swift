/// The result of an iteration on the Hessian H of one sample.
public struct SpectralEstimate: Sendable, Equatable, BitwiseCopyable {
  /// The outermost eigenvalues, with their signs.
  public struct Extremes: Sendable, Equatable, BitwiseCopyable {
    public var smallest: Double
    public var largest: Double
  }

  /// A lower bound of ‖H‖₂.
  public var norm: Double
  /// The eigenvalue λ of largest magnitude, a Rayleigh quotient.
  public var eigenvalue: Double
  /// ‖Hv − λv‖/‖Hv‖ for the unit vector v of the estimate; 0 if Hv = 0.
  ///
  /// An eigenvalue of H lies within residual·‖Hv‖ of λ. The residual stays near 1 while eigenvalues
  /// of both signs compete, although ‖Hv‖ may have settled.
  public var residual: Double
  /// The number of Hessian-vector products.
  public var products: Int
  /// Whether the convergence test held; nil without a test.
  public var isConverged: Bool?
  /// The extreme eigenvalues, if ``Lanczos`` measured them.
  public var extremes: Extremes?

  /// The estimate before the first product.
  static let none = SpectralEstimate(
    norm: 0, eigenvalue: 0, residual: 0, products: 0, isConverged: false, extremes: nil)
}
