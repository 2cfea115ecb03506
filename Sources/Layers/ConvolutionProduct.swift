import Tensors

/// How a convolution's three products with its weight are computed; which way is chosen by shape.
///
/// Activations are NHWC, the weight is the parameter's effective one, [kh, kw, C, O]. Every result of a
/// sample depends on its slice only, and a weight gradient on the samples it is asked for.
protocol ConvolutionProduct {
  /// Prepares what is a function of the weight alone, after the weight has changed.
  func refresh()
  /// y ← x ∗ Ŵ.
  func apply(to x: Tensor, into y: Tensor)
  /// x ← the adjoint of `apply`, of y.
  func applyTranspose(to y: Tensor, into x: Tensor)
  /// gradient ← previous·gradient + primal·(x ⋆ ȳ) + tangent·(ẋ ⋆ ȳ + x ⋆ dȳ) over `samples`.
  ///
  /// x meets primal·ȳ + tangent·dȳ and ẋ meets tangent·ȳ, so a tangent costs one product more.
  func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor)
}
