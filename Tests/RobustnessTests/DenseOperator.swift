import Kernels
import Robustness
import TestSupport

/// The matrices of a convolution, column by column, for LAPACK.
enum DenseOperator {
  /// The convolution as the network computes it, with zeros outside the image.
  static func zeroPadded(_ geometry: ConvolutionGeometry, _ weight: [Double]) -> [[Double]] {
    units(geometry.inputHeight * geometry.inputWidth * geometry.inputChannels).map {
      DoubleOracle.convolution($0, weight: weight, bias: nil, geometry)
    }
  }

  /// The convolution on the grid whose positions follow each other in a circle, without taps that
  /// on the image meet padding only; the matrix itself for a linear layer.
  static func circular(_ geometry: ConvolutionGeometry, _ weight: [Double]) -> [[Double]] {
    if geometry.padding == 0 && geometry.outputHeight * geometry.outputWidth == 1 {
      return zeroPadded(geometry, weight)
    }
    func meets(_ tap: Int, _ extent: Int, _ outputs: Int) -> Bool {
      let seen = (0..<outputs).map { $0 * geometry.stride + tap - geometry.padding }
      return seen.contains { $0 >= 0 && $0 < extent }
    }
    let (rows, columns) = (geometry.inputHeight, geometry.inputWidth)
    let grid = CircularConvolution(geometry, weight: weight)
    let (height, width) = (grid.gridHeight, grid.gridWidth)
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let stride = geometry.stride
    return units(height * width * inputs).map { x in
      var y = [Double](repeating: 0, count: height / stride * (width / stride) * outputs)
      for i in 0..<height / stride {
        for j in 0..<width / stride {
          for k in 0..<geometry.kernelHeight {
            for l in 0..<geometry.kernelWidth {
              guard meets(k, rows, geometry.outputHeight),
                meets(l, columns, geometry.outputWidth)
              else { continue }
              let row = (i * stride + k - geometry.padding + height) % height
              let column = (j * stride + l - geometry.padding + width) % width
              for c in 0..<inputs {
                let value = x[(row * width + column) * inputs + c]
                guard value != 0 else { continue }
                let tap = ((k * geometry.kernelWidth + l) * inputs + c) * outputs
                let output = (i * (width / stride) + j) * outputs
                for o in 0..<outputs { y[output + o] += value * weight[tap + o] }
              }
            }
          }
        }
      }
      return y
    }
  }

  private static func units(_ count: Int) -> [[Double]] {
    (0..<count).map { index in (0..<count).map { $0 == index ? 1 : 0 } }
  }
}
