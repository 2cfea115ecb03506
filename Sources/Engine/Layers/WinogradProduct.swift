import Kernels
import Tensors

/// A 3×3 convolution at stride 1 or 2 by Winograd's algorithm; the plain twin is
/// ``LoweredProduct``.
///
/// The cache holds the transformed weights until the next refresh, each from the first pass that
/// needs it on. Without a cache each pass transforms the weight, a large one panel by panel.
final class WinogradProduct: ConvolutionProduct {
  private let winograd: WinogradConvolution
  private let weight: Parameter
  private let workspace: Workspace
  /// The transformed weight, and the one with the channels exchanged; nil if each pass makes them.
  private let cache: (forward: Tensor, transposed: Tensor)?
  private var isForwardCached = false
  private var isTransposedCached = false

  init(_ geometry: ConvolutionGeometry, weight: Parameter, site: LayerSite) {
    winograd = WinogradConvolution(
      geometry, samples: max(site.maximumSamples, 1), precision: site.precision)
    self.weight = weight
    workspace = site.workspace
    let (plain, exchanged) = (winograd.transformedWeightShape, winograd.transposedWeightShape)
    let gradient = winograd.transformedGradientShape
    let hasGradients = site.derivatives >= .first
    switch site.keptTransforms {
    case .both:
      cache = (site.arena.tensor(plain), site.arena.tensor(exchanged, if: hasGradients))
      workspace.reserve(winograd.scratchShape)
      if hasGradients { workspace.reserve(winograd.scratchShape, gradient) }
    case .none:
      cache = nil
      workspace.reserve(winograd.scratchShape, uncachedShape(plain))
      if hasGradients {
        workspace.reserve(winograd.scratchShape, uncachedShape(exchanged), gradient)
      }
    }
  }

  func refresh() {
    isForwardCached = false
    isTransposedCached = false
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
    _ x: Edge, _ y: Edge, samples: Range<Int>, weights: GradientWeights, into gradient: Tensor
  ) {
    write(
      weights.tangent == 0 ? .gradient : .gradientTangent, x.slice(samples), y.slice(samples),
      weights, transpose: nil, into: gradient)
  }

  func backward(
    _ pass: BackwardPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    weights: GradientWeights, gradient: Tensor
  ) {
    let transpose = WinogradConvolution.Transpose(
      weight: transposedWeight().weight, accumulation: accumulation, gradient: pass.result(x))
    write(pass, x, y, weights, transpose: transpose, into: gradient)
  }

  private func write(
    _ pass: BackwardPass, _ x: Edge, _ y: Edge, _ weights: GradientWeights,
    transpose: WinogradConvolution.Transpose?, into gradient: Tensor
  ) {
    guard x.shape.samples > 0 else {
      // The gradient may hold a NaN, so it must not be read.
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
    guard let cache else {
      let (scratch, memory) = workspace.tensors(
        winograd.scratchShape, uncachedShape(winograd.transformedWeightShape))
      if winograd.transformsOnTheFly { return (scratch, .plain(weight.effective, panel: memory)) }
      winograd.transformWeight(weight.effective, into: memory)
      return (scratch, .transformed(memory))
    }
    if !isForwardCached {
      winograd.transformWeight(weight.effective, into: cache.forward)
      isForwardCached = true
    }
    return (workspace.tensor(winograd.scratchShape), .transformed(cache.forward))
  }

  private func transposedWeight() -> (scratch: Tensor, weight: WinogradConvolution.Weight) {
    guard let cache else {
      let (scratch, memory) = workspace.tensors(
        winograd.scratchShape, uncachedShape(winograd.transposedWeightShape))
      if winograd.transformsOnTheFly { return (scratch, .plain(weight.effective, panel: memory)) }
      winograd.transformTransposedWeight(weight.effective, into: memory)
      return (scratch, .transformed(memory))
    }
    if !isTransposedCached {
      winograd.transformTransposedWeight(weight.effective, into: cache.transposed)
      isTransposedCached = true
    }
    return (workspace.tensor(winograd.scratchShape), .transformed(cache.transposed))
  }

  /// The memory that a pass without a cache needs for a weight with this transformed shape.
  private func uncachedShape(_ transformed: Shape) -> Shape {
    winograd.transformsOnTheFly ? winograd.panelShape : transformed
  }

  /// Scratch and a transformed gradient, beside the memory of a weight without a cache.
  private var scratchAndSums: (scratch: Tensor, sums: Tensor) {
    let (scratch, sums) = (winograd.scratchShape, winograd.transformedGradientShape)
    guard cache == nil else { return workspace.tensors(scratch, sums) }
    let all = workspace.tensors(scratch, uncachedShape(winograd.transposedWeightShape), sums)
    return (all.0, all.2)
  }
}
