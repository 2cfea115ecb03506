import Kernels
import Tensors

/// y = the largest element of each size × size window, stride = size; the first of equal ones.
///
/// [N, H, W, C] → [N, ⌊H/size⌋, ⌊W/size⌋, C]. Every pass finds the maxima in x again, so none are
/// stored. The second derivative is zero.
public final class MaximumPooling: Layer {
  public let size: Int

  public init(size: Int) { self.size = size }

  public var evaluation: [EvaluationMap] { [.maximumPooling(size: size)] }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    maximumPool(x.value, size: size, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    maximumPoolScatter(y.gradient, x.value, size: size, into: x.gradient)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    maximumPoolGather(x.tangent, x.value, size: size, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    maximumPoolScatter(y.gradientTangent, x.value, size: size, into: x.gradientTangent)
  }
}

/// y[n, 1, 1, c] = the mean of x[n, ·, ·, c]; linear, so every pass is the map or its adjoint.
public final class GlobalAveragePooling: Layer {
  public init() {}

  public var evaluation: [EvaluationMap] { [.averagePooling] }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    averagePool(x.value, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    averagePoolScatter(y.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    averagePool(x.tangent, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    averagePoolScatter(y.gradientTangent, into: x.gradientTangent)
  }
}
