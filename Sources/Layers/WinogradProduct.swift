import Kernels
import Tensors

/// A 3×3 convolution at stride 1 or 2 by Winograd's algorithm; the plain twin is ``LoweredProduct``.
///
/// The weight is transformed when a pass needs it: forward and tangent passes one way, backward passes
/// the other. Both are kept until the next refresh, or none is.
final class WinogradProduct: ConvolutionProduct {
  private let winograd: WinogradConvolution
  private let weight: Parameter
  private let workspace: Workspace
  /// The transformed weight, and the one with the channels exchanged; nil if they are made in each pass.
  private let kept: (forward: Tensor, transposed: Tensor)?
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
    let (plain, exchanged) = (winograd.transformedWeightShape, winograd.transposedWeightShape)
    let gradient = winograd.transformedGradientShape
    switch transforms {
    case .both:
      workspace.reserve(winograd.scratchShape)
      if derivatives >= .first { workspace.reserve(winograd.scratchShape, gradient) }
      kept = (arena.tensor(plain), arena.tensor(exchanged, if: derivatives >= .first))
    case .none:
      workspace.reserve(winograd.scratchShape, plain)
      if derivatives >= .first { workspace.reserve(winograd.scratchShape, exchanged, gradient) }
      kept = nil
    }
  }

  func refresh() {
    holdsForward = false
    holdsTransposed = false
  }

  func apply(to x: Tensor, into y: Tensor) {
    let (scratch, weight) = forwardWeight()
    winograd.forward(x, transformedWeight: weight, scratch: scratch, into: y)
  }

  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor) {
    let (scratch, weight) = transposedWeight()
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
      weight: transposedWeight().weight, accumulation: accumulation, gradient: pass.result(x))
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
    let (scratch, sums) = scratchAndSums
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

  private func forwardWeight() -> (scratch: Tensor, weight: Tensor) {
    guard let kept else {
      let (scratch, own) = workspace.tensors(
        winograd.scratchShape, winograd.transformedWeightShape)
      winograd.transformWeight(weight.effective, into: own)
      return (scratch, own)
    }
    if !holdsForward {
      winograd.transformWeight(weight.effective, into: kept.forward)
      holdsForward = true
    }
    return (workspace.tensor(winograd.scratchShape), kept.forward)
  }

  private func transposedWeight() -> (scratch: Tensor, weight: Tensor) {
    guard let kept else {
      let (scratch, own) = workspace.tensors(winograd.scratchShape, winograd.transposedWeightShape)
      winograd.transformTransposedWeight(weight.effective, into: own)
      return (scratch, own)
    }
    if !holdsTransposed {
      winograd.transformTransposedWeight(weight.effective, into: kept.transposed)
      holdsTransposed = true
    }
    return (workspace.tensor(winograd.scratchShape), kept.transposed)
  }

  /// Scratch and a transformed gradient, beside the transposed weight if it is not kept.
  private var scratchAndSums: (scratch: Tensor, sums: Tensor) {
    let (scratch, sums) = (winograd.scratchShape, winograd.transformedGradientShape)
    guard kept == nil else { return workspace.tensors(scratch, sums) }
    let all = workspace.tensors(scratch, winograd.transposedWeightShape, sums)
    return (all.0, all.2)
  }
}
