import Kernels
import Tensors

/// The three products of a convolution with its weight, by one algorithm.
///
/// Activations are NHWC, the weight is the parameter's effective one, [kh, kw, C, O]. Every result
/// of a sample depends on its slice only, and a weight gradient on the given samples only.
protocol ConvolutionProduct {
  /// Drops cached functions of the weight, after the weight has changed.
  func refresh()
  /// y ← x ∗ Ŵ.
  func apply(to x: Tensor, into y: Tensor)
  /// x ← the adjoint of `apply`, applied to y.
  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor)
  /// gradient ← previous·gradient + primal·(x ⋆ ȳ) + tangent·(ẋ ⋆ ȳ + x ⋆ dȳ) over `samples`.
  func writeGradient(
    _ x: Edge, _ y: Edge, samples: Range<Int>, weights: GradientWeights, into gradient: Tensor)
  /// `applyTranspose` and `writeGradient` for all samples at once.
  ///
  /// `weights` have a tangent in the second backward pass only.
  func backward(
    _ pass: BackwardPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor)
}

extension ConvolutionProduct {
  func backward(
    _ pass: BackwardPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor
  ) {
    applyTranspose(to: pass.source(y), accumulation, into: pass.result(x))
    writeGradient(x, y, samples: 0..<x.shape.samples, weights: weights, into: gradient)
  }
}

/// One of the two backward passes; both are the same product of different tensors.
package enum BackwardPass {
  case gradient
  case gradientTangent

  /// The tensor of y that the pass reads.
  func source(_ y: Edge) -> Tensor { self == .gradient ? y.gradient : y.gradientTangent }
  /// The tensor of x that the pass writes.
  func result(_ x: Edge) -> Tensor { self == .gradient ? x.gradient : x.gradientTangent }
}
