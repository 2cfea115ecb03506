/// The function of the input whose gradient and Hessian are measured, one number f(x) per sample.
public enum ScalarFunction: String, Sendable, CaseIterable {
  /// The cross-entropy of the true label.
  case loss
  /// The logit margin z_y − z_r: y the true label, r its strongest rival; see ``LogitMargin``.
  case margin
}
