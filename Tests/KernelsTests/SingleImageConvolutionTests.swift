import Kernels
import Tensors
import Testing

@Suite struct SingleImageConvolutionTests {
  let source = TensorSource()
  /// Sums of up to 2304 products of size ≤ 4 in float32; their roundings add up like a random walk.
  let tolerance = 2e-3

  static let geometries: [ConvolutionGeometry] = {
    var all: [ConvolutionGeometry] = []
    for (kernel, stride, padding) in [(3, 1, 1), (3, 2, 1), (1, 1, 0), (1, 2, 0), (2, 3, 0)] {
      for (inputs, outputs) in [(3, 64), (64, 3), (16, 48), (33, 37), (5, 8), (256, 32)] {
        for size in [2, 4, 7] {
          all.append(
            ConvolutionGeometry(
              inputHeight: size, inputWidth: size + 1, inputChannels: inputs,
              outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, stride: stride,
              padding: padding))
        }
      }
    }
    // Images of so many positions that the weight is transformed.
    for (inputs, outputs) in [(16, 48), (33, 37)] {
      all.append(
        ConvolutionGeometry(
          inputHeight: 15, inputWidth: 18, inputChannels: inputs, outputChannels: outputs,
          kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1))
    }
    // A kernel of which most lies outside, and one that covers the image: a linear layer.
    all.append(
      ConvolutionGeometry(
        inputHeight: 1, inputWidth: 1, inputChannels: 8, outputChannels: 40, kernelHeight: 3,
        kernelWidth: 3, stride: 1, padding: 1))
    all.append(
      ConvolutionGeometry(
        inputHeight: 2, inputWidth: 3, inputChannels: 20, outputChannels: 10, kernelHeight: 2,
        kernelWidth: 3, stride: 1, padding: 0))
    return all
  }()

  /// Inputs of the passes: random tensors, and scratch full of NaN.
  private struct Case {
    let image: SingleImageConvolution
    let x: Tensor
    let y: Tensor
    let weight: Tensor
    let scratch: Tensor

    init(_ geometry: ConvolutionGeometry, _ source: TensorSource) {
      image = SingleImageConvolution(geometry)
      x = source.random(geometry.inputShape(samples: 1))
      y = source.random(geometry.outputShape(samples: 1))
      weight = source.random(geometry.weightShape)
      scratch = source.unset(image.scratchShape)
    }
  }

  @Test("applying the weight is the convolution", arguments: geometries)
  func apply(geometry: ConvolutionGeometry) {
    let given = Case(geometry, source)
    let (found, expected) = (source.unset(given.y.shape), source.unset(given.y.shape))
    given.image.apply(given.weight, to: given.x, scratch: given.scratch, into: found)
    directConvolution(given.x, given.weight, geometry, into: expected)
    #expect(largestDifference(found, expected) < tolerance)
  }

  @Test("applying its transpose is the adjoint", arguments: geometries)
  func transpose(geometry: ConvolutionGeometry) {
    let given = Case(geometry, source)
    let (found, expected) = (source.unset(given.x.shape), source.unset(given.x.shape))
    given.image.applyTranspose(given.weight, to: given.y, scratch: given.scratch, into: found)
    directConvolutionAdjoint(given.y, given.weight, geometry, into: expected)
    #expect(largestDifference(found, expected) < tolerance)
  }

  @Test("the weight's gradient is added with both factors", arguments: geometries)
  func gradient(geometry: ConvolutionGeometry) {
    let given = Case(geometry, source)
    let (found, expected) = (source.copy(given.weight), source.unset(given.weight.shape))
    given.image.weightGradient(given.x, given.y, scale: -0.5, previous: 3, into: found)
    directConvolutionWeightGradient(given.x, given.y, geometry, into: expected)
    let difference = largestDifference(found) {
      -0.5 * Double(expected[$0]) + 3 * Double(given.weight[$0])
    }
    #expect(difference < tolerance)
  }

  @Test("without a previous weight, the output is not read", arguments: geometries)
  func replaced(geometry: ConvolutionGeometry) {
    let given = Case(geometry, source)
    let (found, expected) = (
      source.unset(given.weight.shape), source.unset(given.weight.shape)
    )
    given.image.weightGradient(given.x, given.y, scale: 1, previous: 0, into: found)
    directConvolutionWeightGradient(given.x, given.y, geometry, into: expected)
    #expect(largestDifference(found, expected) < tolerance)
  }
}
