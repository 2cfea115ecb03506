import CKernels
import Tensors

/// s(x) = (softplus(βx) − c)/β with softplus(z) = log(1 + eᶻ).
///
/// Elementwise, on tensors of one shape; an output may be one of the inputs. For βx > 20
/// softplus(βx) is βx, so s' = 1 and s'' = 0: float32 cannot tell the difference. Values, and all
/// functions below per element, are accurate to 2e-6·max(1, |value|).
public struct Softplus: Sendable {
  public enum Centering: Sendable {
    /// c = log 2: s(0) = 0 for every β.
    case centered
    /// c = 0.
    case plain
  }

  /// The sharpness β > 0.
  ///
  /// For β → ∞, s is the ReLU; max s'' = β/4.
  public var beta: Float
  public let centering: Centering

  public init(beta: Float, centering: Centering) {
    self.beta = beta
    self.centering = centering
  }

  private var isCentered: Bool { centering == .centered }

  /// y ← s(x).
  public func forward(_ x: Tensor, into y: Tensor) {
    let count = elementCount(x, y)
    ck_softplus(count, beta, isCentered, x.pointer, y.pointer)
  }

  /// out ← s'(x)·g: the backward pass of a gradient, and the forward pass of a tangent.
  public func multiplyByDerivative(_ x: Tensor, _ g: Tensor, into out: Tensor) {
    let count = elementCount(x, g, out)
    ck_softplus_derivative(count, beta, x.pointer, g.pointer, out.pointer)
  }

  /// out ← s''(x)·ẋ·ȳ + s'(x)·dȳ: the derivative of the backward pass along ẋ.
  public func backwardTangent(
    _ x: Tensor, tangent: Tensor, gradient: Tensor, gradientTangent: Tensor, into out: Tensor
  ) {
    let count = elementCount(x, tangent, gradient, gradientTangent, out)
    ck_softplus_backward_tangent(
      count, beta, x.pointer, tangent.pointer, gradient.pointer, gradientTangent.pointer,
      out.pointer)
  }

  /// Σ s_β(x)·ȳ with s_β = ∂s/∂β = (x·σ(βx) − s(x))/β.
  public func betaGradient(_ x: Tensor, gradient: Tensor) -> Double {
    let count = elementCount(x, gradient)
    return ck_softplus_beta_gradient(count, beta, isCentered, x.pointer, gradient.pointer)
  }

  /// Σ s'_β(x)·ẋ·ȳ + s_β(x)·dȳ with s'_β = ∂s'/∂β = x·σ(βx)·(1 − σ(βx)): the derivative of
  /// ``betaGradient(_:gradient:)`` along ẋ.
  public func betaGradientTangent(
    _ x: Tensor, tangent: Tensor, gradient: Tensor, gradientTangent: Tensor
  ) -> Double {
    let count = elementCount(x, tangent, gradient, gradientTangent)
    return ck_softplus_beta_gradient_tangent(
      count, beta, isCentered, x.pointer, tangent.pointer, gradient.pointer,
      gradientTangent.pointer)
  }
}
