import Kernels
import Tensors

/// A 3×3 convolution at stride 1 or 2 by Winograd's algorithm; the plain twin is ``LoweredProduct``.
///
/// The weight is transformed when a pass needs it: forward and tangent passes one way, backward passes
/// the other. Both are kept until the next refresh, or the last one only.
final class WinogradProduct: ConvolutionProduct {
  private let winograd: WinogradConvolution
  private let weight: Parameter
  private let workspace: Workspace
  private let transforms: Convolution2D.TransformedWeights
  /// The transformed weight, and the one with the channels exchanged: the same memory if one is kept.
  private let forward: Tensor
  private let transposed: Tensor
  private var holdsForward = false
  private var holdsTransposed = false

  /// - Parameter maximumSamples: the most samples of a batch on this rank.
  init(
    _ geometry: ConvolutionGeometry, weight: Parameter, maximumSamples: Int,
    precision: Precision, derivatives: Derivatives, transforms: Convolution2D.TransformedWeights,
    workspace: Workspace, arena: Arena
  ) {
    winograd = WinogradConvolution(
      geometry, samples: max(maximumSamples, 1), precision: precision)
    self.weight = weight
    self.workspace = workspace
    self.transforms = transforms
    let (plain, exchanged) = (winograd.transformedWeightShape, winograd.transposedWeightShape)
    workspace.reserve(winograd.scratchShape)
    if derivatives >= .first {
      workspace.reserve(winograd.scratchShape, winograd.transformedGradientShape)
    }
    switch transforms {
    case .both:
      forward = arena.tensor(plain)
      transposed = arena.tensor(exchanged, if: derivatives >= .first)
    case .one:
      let both = arena.tensor(Shape(length: max(plain.count, exchanged.count)))
      forward = both.prefix(plain.count).reshaped(plain)
      transposed = both.prefix(exchanged.count).reshaped(exchanged)
    }
  }

  func refresh() {
    holdsForward = false
    holdsTransposed = false
  }

  func apply(to x: Tensor, into y: Tensor) {
    if !holdsForward {
      winograd.transformWeight(weight.effective, into: forward)
      holdsForward = true
      if transforms == .one { holdsTransposed = false }
    }
    let scratch = workspace.tensor(winograd.scratchShape)
    winograd.forward(x, transformedWeight: forward, scratch: scratch, into: y)
  }

  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor) {
    let weight = transposedWeight()
    let scratch = workspace.tensor(winograd.scratchShape)
    winograd.backward(y, transposedWeight: weight, scratch: scratch, accumulation, into: x)
  }

  func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor
  ) {
    write(
      weights.tangent == 0 ? .gradient : .gradientTangent, x.slice(samples), y.slice(samples),
      weights, transpose: nil, into: gradient)
  }

  func backward(
    _ pass: ConvolutionPass, _ y: Activation, into x: Activation, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor
  ) {
    let transpose = WinogradConvolution.Transpose(
      weight: transposedWeight(), accumulation: accumulation, gradient: pass.result(x))
    write(pass, x, y, weights, transpose: transpose, into: gradient)
  }

  private func write(
    _ pass: ConvolutionPass, _ x: Activation, _ y: Activation, _ weights: GradientWeights,
    transpose: WinogradConvolution.Transpose?, into gradient: Tensor
  ) {
    guard x.shape.samples > 0 else {
      // What the gradient held must not be read, it may be a NaN.
      if weights.previous == 0 { gradient.fill(0) }
      return
    }
    let (scratch, sums) = workspace.tensors(
      winograd.scratchShape, winograd.transformedGradientShape)
    switch pass {
    case .gradient:
      winograd.addWeightGradient(
        x.value, y.gradient, scale: weights.primal, previous: 0, transpose: transpose,
        scratch: scratch, into: sums)
    case .gradientTangent:
      winograd.addWeightGradient(
        x.value, tangent: x.tangent, gradient: y.gradient, gradientTangent: y.gradientTangent,
        weights: (weights.primal, weights.tangent), previous: 0, transpose: transpose,
        scratch: scratch, into: sums)
    }
    winograd.weightGradient(from: sums, scale: 1, previous: weights.previous, into: gradient)
  }

  private func transposedWeight() -> Tensor {
    if !holdsTransposed {
      winograd.transformTransposedWeight(weight.effective, into: transposed)
      holdsTransposed = true
      if transforms == .one { holdsForward = false }
    }
    return transposed
  }
}
