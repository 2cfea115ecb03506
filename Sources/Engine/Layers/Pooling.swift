import Kernels
import Tensors

/// y = the largest of each size × size window, stride = size; the first one where several are equal.
///
/// [N, H, W, C] → [N, ⌊H/size⌋, ⌊W/size⌋, C]. The choice is read off x again in every pass, so nothing
/// is stored; its second derivative is zero.
public final class MaximumPooling: Layer {
  public let size: Int

  public init(size: Int) { self.size = size }

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    maximumPool(x.value, size: size, into: y.value)
  }

  public func backward(_ y: Activation, into x: Activation, writing writer: GradientWriter?) {
    maximumPoolScatter(y.gradient, x.value, size: size, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    maximumPoolGather(x.tangent, x.value, size: size, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Activation, into x: Activation, writing writer: GradientWriter?
  ) {
    maximumPoolScatter(y.gradientTangent, x.value, size: size, into: x.gradientTangent)
  }
}

/// y[n, 1, 1, c] = the mean of x[n, ·, ·, c]; linear, so all passes are the map or its adjoint.
public final class GlobalAveragePooling: Layer {
  public init() {}

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    averagePool(x.value, into: y.value)
  }

  public func backward(_ y: Activation, into x: Activation, writing writer: GradientWriter?) {
    averagePoolScatter(y.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    averagePool(x.tangent, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Activation, into x: Activation, writing writer: GradientWriter?
  ) {
    averagePoolScatter(y.gradientTangent, into: x.gradientTangent)
  }
}
