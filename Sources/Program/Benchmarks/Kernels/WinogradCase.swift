import Kernels
import Tensors

/// The parts of Winograd's convolution by themselves: matrix products, and the transforms of
/// weights.
final class WinogradCase {
  private let winograd: WinogradConvolution
  private let samples: Int
  private let weight: Tensor
  private let transformed: Tensor
  private let transposed: Tensor
  private let gradient: Tensor
  private let scratch: Tensor
  private let arena: Arena

  init(_ geometry: ConvolutionGeometry, samples: Int, precision: Precision) throws {
    let winograd = WinogradConvolution(geometry, samples: samples, precision: precision)
    self.winograd = winograd
    self.samples = samples
    let (plan, arena) = try Arena.plan { arena in
      (
        arena.tensor(geometry.weightShape), arena.tensor(winograd.transformedWeightShape),
        arena.tensor(winograd.transposedWeightShape),
        arena.tensor(winograd.transformedGradientShape), arena.tensor(winograd.scratchShape)
      )
    }
    (weight, transformed, transposed, gradient, scratch) = plan
    self.arena = arena
    let noise = Noise()
    for tensor in [weight, transformed, transposed, gradient, scratch] { noise.fill(tensor) }
  }

  /// Operations of the matrix products of one product of the convolution.
  var operations: Double { Double(winograd.productOperations(samples: samples)) }

  func multiply(_ pass: WinogradConvolution.ProductPass) {
    let factor =
      switch pass {
      case .forward: transformed
      case .dataGradient: transposed
      case .weightGradient: gradient
      }
    winograd.multiplyOnly(pass, samples: samples, weight: factor, scratch: scratch)
  }

  /// Both orientations of the weight's transform, once in a step.
  func transformWeights() {
    winograd.transformWeight(weight, into: transformed)
    winograd.transformTransposedWeight(weight, into: transposed)
  }
}
