import Kernels
import Tensors

/// A 3×3 convolution at stride 1 or 2 by Winograd's algorithm; the plain twin is ``LoweredProduct``.
///
/// The transformed weights are kept until the next refresh, once forward and tangent passes have needed
/// them one way and backward passes the other, or each pass makes its own, of large weights a panel at a
/// time.
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
      kept = (arena.tensor(plain), arena.tensor(exchanged, if: derivatives >= .first))
      workspace.reserve(winograd.scratchShape)
      if derivatives >= .first { workspace.reserve(winograd.scratchShape, gradient) }
    case .none:
      kept = nil
      workspace.reserve(winograd.scratchShape, ownShape(plain))
      if derivatives >= .first {
        workspace.reserve(winograd.scratchShape, ownShape(exchanged), gradient)
      }
    }
  }

  func refresh() {
    holdsForward = false
    holdsTransposed = false
  }

  func apply(to x: Tensor, into y: Tensor) {
    let (scratch, weight) = forwardWeight()
    winograd.forward(x, weight: weight, scratch: scratch, into: y)
  }

  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor) {
    let (scratch, weight) = transposedWeight()
    winograd.backward(y, weight: weight, scratch: scratch, accumulation, into: x)
  }

  func writeGradient(
    _ x: Edge, _ y: Edge, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor
  ) {
    write(
      weights.tangent == 0 ? .gradient : .gradientTangent, x.slice(samples), y.slice(samples),
      weights, transpose: nil, into: gradient)
  }

  func backward(
    _ pass: ConvolutionPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor
  ) {
    let transpose = WinogradConvolution.Transpose(
      weight: transposedWeight().weight, accumulation: accumulation, gradient: pass.result(x))
    write(pass, x, y, weights, transpose: transpose, into: gradient)
  }

  private func write(
    _ pass: ConvolutionPass, _ x: Edge, _ y: Edge, _ weights: GradientWeights,
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

  private func forwardWeight() -> (scratch: Tensor, weight: WinogradConvolution.Weight) {
    guard let kept else {
      let (scratch, own) = workspace.tensors(
        winograd.scratchShape, ownShape(winograd.transformedWeightShape))
      if winograd.transformsOnTheFly { return (scratch, .plain(weight.effective, panel: own)) }
      winograd.transformWeight(weight.effective, into: own)
      return (scratch, .transformed(own))
    }
    if !holdsForward {
      winograd.transformWeight(weight.effective, into: kept.forward)
      holdsForward = true
    }
    return (workspace.tensor(winograd.scratchShape), .transformed(kept.forward))
  }

  private func transposedWeight() -> (scratch: Tensor, weight: WinogradConvolution.Weight) {
    guard let kept else {
      let (scratch, own) = workspace.tensors(
        winograd.scratchShape, ownShape(winograd.transposedWeightShape))
      if winograd.transformsOnTheFly { return (scratch, .plain(weight.effective, panel: own)) }
      winograd.transformTransposedWeight(weight.effective, into: own)
      return (scratch, .transformed(own))
    }
    if !holdsTransposed {
      winograd.transformTransposedWeight(weight.effective, into: kept.transposed)
      holdsTransposed = true
    }
    return (workspace.tensor(winograd.scratchShape), .transformed(kept.transposed))
  }

  /// What a pass needs for a weight that is not kept, of the shape that it has transformed.
  private func ownShape(_ transformed: Shape) -> Shape {
    winograd.transformsOnTheFly ? winograd.panelShape : transformed
  }

  /// Scratch and a transformed gradient, beside what a weight needs that is not kept.
  private var scratchAndSums: (scratch: Tensor, sums: Tensor) {
    let (scratch, sums) = (winograd.scratchShape, winograd.transformedGradientShape)
    guard kept == nil else { return workspace.tensors(scratch, sums) }
    let all = workspace.tensors(scratch, ownShape(winograd.transposedWeightShape), sums)
    return (all.0, all.2)
  }
}
