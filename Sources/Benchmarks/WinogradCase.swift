import Kernels
import Tensors

/// The parts of Winograd's convolution by themselves: matrix products, and the transforms of weights.
final class WinogradCase {
  private let winograd: WinogradConvolution
  private let samples: Int
  private let weight: Tensor
  private let transformed: Tensor
  private let transposed: Tensor
  private let scratch: Tensor
  private let arena: Arena

  init(_ geometry: ConvolutionGeometry, samples: Int) throws {
    let winograd = WinogradConvolution(geometry, samples: samples)
    self.winograd = winograd
    self.samples = samples
    let (plan, arena) = try Arena.plan { arena in
      (
        arena.tensor(geometry.weightShape), arena.tensor(winograd.transformedWeightShape),
        arena.tensor(winograd.transposedWeightShape), arena.tensor(winograd.scratchShape)
      )
    }
    (weight, transformed, transposed, scratch) = plan
    self.arena = arena
    let noise = Noise()
    for tensor in [weight, transformed, transposed, scratch] { noise.fill(tensor) }
  }

  /// Operations of the matrix products of one product of the convolution.
  var operations: Double { Double(winograd.productOperations(samples: samples)) }

  func multiply(_ pass: WinogradConvolution.ProductPass) {
    winograd.multiplyOnly(
      pass, samples: samples, weight: pass == .dataGradient ? transposed : transformed,
      scratch: scratch)
  }

  /// Both orientations of the weight's transform, once in a step.
  func transformWeights() {
    winograd.transformWeight(weight, into: transformed)
    winograd.transformTransposedWeight(weight, into: transposed)
  }
}
