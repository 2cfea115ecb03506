import Kernels
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
  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor)
  /// gradient ← previous·gradient + primal·(x ⋆ ȳ) + tangent·(ẋ ⋆ ȳ + x ⋆ dȳ) over `samples`.
  ///
  func writeGradient(
    _ x: Edge, _ y: Edge, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor)
  /// Both of the above, of all samples; the weights have a tangent in the second pass only.
  func backward(
    _ pass: ConvolutionPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor)
}

extension ConvolutionProduct {
  func backward(
    _ pass: ConvolutionPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor
  ) {
    applyTranspose(to: pass.source(y), accumulation, into: pass.result(x))
    writeGradient(x, y, samples: 0..<x.shape.samples, weights: weights, into: gradient)
  }
}
