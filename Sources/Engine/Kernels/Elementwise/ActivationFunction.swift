import CKernels
import Failures
import Tensors

/// s(x) = φ(βx)/β, the function of an activation.
///
/// Elementwise, on tensors of one shape; an output may be one of the inputs. Values, and all
/// functions below per element, are accurate to 2e-6·max(1, |value|).
public struct ActivationFunction: Sendable, Equatable {
  public enum Form: Sendable, Equatable, CaseIterable {
    /// φ(z) = log(1 + eᶻ).
    ///
    /// For z > 20 it is z, so φ' = 1 and φ'' = 0: float32 cannot tell the difference.
    case softplus
    /// φ(z) = log(1 + eᶻ) − log 2, so that s(0) = 0 for every β.
    case centeredSoftplus
    /// φ(z) = max(z, 0), with φ'(0) = 0 as in PyTorch.
    case relu
    /// φ(z) = z·Φ(z), with Φ the distribution function of the standard normal distribution.
    case gelu
    /// φ(z) = z/(1 + e⁻ᶻ).
    case silu
  }

  public let form: Form
  /// The sharpness β > 0; 1 for forms other than a softplus.
  ///
  /// For β → ∞, a softplus is the ReLU.
  public let beta: Float

  private init(_ form: Form, beta: Float) {
    require(beta > 0 || beta.isNaN, "an activation with β = \(beta)")
    self.form = form
    self.beta = beta
  }

  public static func softplus(beta: Float) -> Self { Self(.softplus, beta: beta) }
  public static func centeredSoftplus(beta: Float) -> Self { Self(.centeredSoftplus, beta: beta) }
  public static let relu = Self(.relu, beta: 1)
  public static let gelu = Self(.gelu, beta: 1)
  public static let silu = Self(.silu, beta: 1)

  // MARK: - Constants

  /// The sharpness of a softplus; nil for other forms.
  public var softplusBeta: Float? {
    switch form {
    case .softplus, .centeredSoftplus: beta
    case .relu, .gelu, .silu: nil
    }
  }

  /// max |s'|, rounded up: at √2 for a GELU, at 2.3994 for a SiLU.
  public var largestSlope: Double {
    switch form {
    case .softplus, .centeredSoftplus, .relu: 1
    case .gelu: 1.1289041452
    case .silu: 1.0998393202
    }
  }

  /// max |s''|, rounded up, at 0; nil for a ReLU, whose derivative jumps.
  ///
  /// β/4 for a softplus, 2/√(2π) for a GELU, ½ for a SiLU.
  public var largestCurvature: Double? {
    switch form {
    case .softplus, .centeredSoftplus: Double(beta) / 4
    case .relu: nil
    case .gelu: 0.7978845609
    case .silu: 0.5
    }
  }

  /// The name in tables.
  public var name: String {
    switch form {
    case .softplus, .centeredSoftplus: "softplus"
    case .relu: "ReLU"
    case .gelu: "GELU"
    case .silu: "SiLU"
    }
  }

  // MARK: - Kernels

  /// y ← s(x).
  public func forward(_ x: Tensor, into y: Tensor) {
    let count = elementCount(x, y)
    ck_activate(count, kernel, beta, x.pointer, y.pointer)
  }

  /// out ← s'(x)·g: the backward pass of a gradient, and the forward pass of a tangent.
  public func multiplyByDerivative(_ x: Tensor, _ g: Tensor, into out: Tensor) {
    let count = elementCount(x, g, out)
    ck_activate_derivative(count, kernel, beta, x.pointer, g.pointer, out.pointer)
  }

  /// out ← s''(x)·ẋ·ȳ + s'(x)·dȳ: the derivative of the backward pass along ẋ.
  public func backwardTangent(
    _ x: Tensor, tangent: Tensor, gradient: Tensor, gradientTangent: Tensor, into out: Tensor
  ) {
    let count = elementCount(x, tangent, gradient, gradientTangent, out)
    ck_activate_backward_tangent(
      count, kernel, beta, x.pointer, tangent.pointer, gradient.pointer, gradientTangent.pointer,
      out.pointer)
  }

  /// Σ s_β(x)·ȳ with s_β = ∂s/∂β = (x·s'(x) − s(x))/β of a softplus; 0 for other forms.
  public func betaGradient(_ x: Tensor, gradient: Tensor) -> Double {
    let count = elementCount(x, gradient)
    return ck_activate_beta_gradient(count, kernel, beta, x.pointer, gradient.pointer)
  }

  /// Σ s'_β(x)·ẋ·ȳ + s_β(x)·dȳ with s'_β = ∂s'/∂β of a softplus, the derivative of
  /// ``betaGradient(_:gradient:)`` along ẋ; 0 for other forms.
  public func betaGradientTangent(
    _ x: Tensor, tangent: Tensor, gradient: Tensor, gradientTangent: Tensor
  ) -> Double {
    let count = elementCount(x, tangent, gradient, gradientTangent)
    return ck_activate_beta_gradient_tangent(
      count, kernel, beta, x.pointer, tangent.pointer, gradient.pointer, gradientTangent.pointer)
  }

  var kernel: CKActivationFunction {
    switch form {
    case .softplus: CKSoftplus
    case .centeredSoftplus: CKCenteredSoftplus
    case .relu: CKReLU
    case .gelu: CKGELU
    case .silu: CKSiLU
    }
  }
}
