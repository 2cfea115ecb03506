import Kernels
import Tensors

/// A 3×3 convolution at stride 1 by Winograd's F(4×4, 3×3); the plain twin is ``LoweredProduct``.
///
/// The weight is transformed once per refresh, in both orientations: forward and tangent passes read one,
/// backward passes the other.
struct WinogradProduct: ConvolutionProduct {
  private let winograd: WinogradConvolution
  private let weight: Parameter
  private let slices: Slices
  private let workspace: Workspace
  private let transformed: Tensor
  /// Only where the plan has gradients.
  private let transposed: Tensor
  /// One slice of y.
  private let sliceShape: Shape

  /// - Parameter maximumSamples: the most samples of a batch on this rank.
  init(
    _ geometry: ConvolutionGeometry, weight: Parameter, maximumSamples: Int, slices: Slices,
    derivatives: Derivatives, workspace: Workspace, arena: Arena
  ) {
    winograd = WinogradConvolution(geometry, samples: max(maximumSamples, 1))
    self.weight = weight
    self.slices = slices
    self.workspace = workspace
    transformed = arena.tensor(winograd.transformedWeightShape)
    transposed = arena.tensor(winograd.transposedWeightShape, if: derivatives >= .first)
    sliceShape = geometry.outputShape(samples: slices.samples)
    workspace.reserve(winograd.scratchShape)
    if derivatives >= .first {
      workspace.reserve(winograd.scratchShape, winograd.transformedWeightShape, sliceShape)
    }
  }

  func refresh() {
    winograd.transformWeight(weight.effective, into: transformed)
    guard transposed.isPresent else { return }
    winograd.transformTransposedWeight(weight.effective, into: transposed)
  }

  func apply(to x: Tensor, into y: Tensor) {
    let scratch = workspace.tensor(winograd.scratchShape)
    winograd.forward(x, transformedWeight: transformed, scratch: scratch, into: y)
  }

  func applyTranspose(to y: Tensor, into x: Tensor) {
    let scratch = workspace.tensor(winograd.scratchShape)
    winograd.backward(y, transposedWeight: transposed, scratch: scratch, into: x)
  }

  func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor
  ) {
    guard !samples.isEmpty else {
      // What the gradient held must not be read, it may be a NaN.
      if weights.previous == 0 { gradient.fill(0) }
      return
    }
    let (scratch, sums, combined) = workspace.tensors(
      winograd.scratchShape, winograd.transformedWeightShape, sliceShape)
    if weights.tangent == 0 {
      winograd.addWeightGradient(
        x.value.slice(samples), y.gradient.slice(samples), scale: weights.primal, previous: 0,
        scratch: scratch, into: sums)
    } else {
      var previous: Float = 0
      slices.forEach(in: samples) { slice in
        let output = combined.prefix(slice.count)
        combine(
          weights.primal, y.gradient.slice(slice), weights.tangent, y.gradientTangent.slice(slice),
          into: output)
        winograd.addWeightGradient(
          x.value.slice(slice), output, scale: 1, previous: previous, scratch: scratch, into: sums)
        winograd.addWeightGradient(
          x.tangent.slice(slice), y.gradient.slice(slice), scale: weights.tangent, previous: 1,
          scratch: scratch, into: sums)
        previous = 1
      }
    }
    winograd.weightGradient(
      from: sums, scale: 1, previous: weights.previous, into: gradient)
  }
}
