import Kernels
import Tensors
import Testing

@Suite struct ConvolutionLoweringTests {
  let source = TensorSource()
  static let samples = 3
  /// Sums of up to 900 products of size ≤ 4 in float32, in an order that BLAS chooses.
  let tolerance = 2e-3

  static let geometries: [ConvolutionGeometry] = {
    var all: [ConvolutionGeometry] = []
    for (kernelHeight, kernelWidth) in [(3, 3), (1, 1), (2, 3)] {
      for stride in [1, 2] {
        for padding in [0, 1] {
          for (inputs, outputs) in [(1, 4), (3, 5), (20, 7), (100, 3)] {
            all.append(
              ConvolutionGeometry(
                inputHeight: 5, inputWidth: 6, inputChannels: inputs, outputChannels: outputs,
                kernelHeight: kernelHeight, kernelWidth: kernelWidth, stride: stride,
                padding: padding))
          }
        }
      }
    }
    return all
  }()

  func lowered(_ x: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    let columns = source.unset(geometry.columnsShape(samples: Self.samples))
    imageToColumns(x, geometry, into: columns)
    return columns
  }

  @Test("columns to image is the adjoint of image to columns", arguments: geometries)
  func adjoint(geometry: ConvolutionGeometry) {
    let x = source.random(geometry.inputShape(samples: Self.samples))
    let c = source.random(geometry.columnsShape(samples: Self.samples))
    let image = source.unset(x.shape)
    columnsToImage(c, geometry, into: image)
    let left = dot(lowered(x, geometry), c)
    let right = dot(x, image)
    // Elements of `image` are sums of at most nine floats; the products are summed in double.
    let scale = (sumOfSquares(x) * sumOfSquares(c)).squareRoot()
    #expect(abs(left - right) <= 1e-6 * scale, "\(left) and \(right)")
  }

  @Test("lowering and multiplying is the convolution", arguments: geometries)
  func forward(geometry: ConvolutionGeometry) {
    let x = source.random(geometry.inputShape(samples: Self.samples))
    let weight = source.random(geometry.weightShape)
    let expected = source.unset(geometry.outputShape(samples: Self.samples))
    directConvolution(x, weight, geometry, into: expected)
    let y = source.unset(expected.shape)
    let matrix = weight.reshaped([geometry.patch, geometry.outputChannels])
    multiply(.plain(lowered(x, geometry)), .plain(matrix), into: rows(y, geometry))
    #expect(largestDifference(y, expected) < tolerance)
  }

  @Test("a product and columns to image are the convolution's adjoint", arguments: geometries)
  func backward(geometry: ConvolutionGeometry) {
    let y = source.random(geometry.outputShape(samples: Self.samples))
    let weight = source.random(geometry.weightShape)
    let expected = source.unset(geometry.inputShape(samples: Self.samples))
    directConvolutionAdjoint(y, weight, geometry, into: expected)
    let columns = source.unset(geometry.columnsShape(samples: Self.samples))
    let matrix = weight.reshaped([geometry.patch, geometry.outputChannels])
    multiply(.plain(rows(y, geometry)), .transposed(matrix), into: columns)
    let x = source.unset(expected.shape)
    columnsToImage(columns, geometry, into: x)
    #expect(largestDifference(x, expected) < tolerance)
  }

  @Test("lowered input by output is the weight's gradient", arguments: geometries)
  func weightGradient(geometry: ConvolutionGeometry) {
    let x = source.random(geometry.inputShape(samples: Self.samples))
    let y = source.random(geometry.outputShape(samples: Self.samples))
    let expected = source.unset(geometry.weightShape)
    directConvolutionWeightGradient(x, y, geometry, into: expected)
    let weight = source.unset([geometry.patch, geometry.outputChannels])
    multiply(.transposed(lowered(x, geometry)), .plain(rows(y, geometry)), into: weight)
    #expect(largestDifference(weight, expected) < tolerance)
  }

  @Test("the lowered matrix of a pointwise convolution is its input")
  func pointwise() {
    let geometry = ConvolutionGeometry(
      inputHeight: 4, inputWidth: 3, inputChannels: 5, outputChannels: 2, kernelHeight: 1,
      kernelWidth: 1, stride: 1, padding: 0)
    let x = source.random(geometry.inputShape(samples: Self.samples))
    #expect(geometry.isPointwise)
    #expect(largestDifference(lowered(x, geometry), x) == 0)
  }

  @Test("no samples lower to no rows")
  func empty() {
    let geometry = Self.geometries[0]
    let x = source.unset(geometry.inputShape(samples: 0))
    let columns = source.unset(geometry.columnsShape(samples: 0))
    imageToColumns(x, geometry, into: columns)
    columnsToImage(columns, geometry, into: x)
    #expect(columns.count == 0)
  }

  /// Outputs as the rows of a matrix.
  private func rows(_ y: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    y.reshaped([y.count / geometry.outputChannels, geometry.outputChannels])
  }
}
