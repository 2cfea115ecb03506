import CKernels
import Tensors

/// Columns of a transformed weight, and the distance between their frequencies, in words.
struct WinogradColumns {
  let first: Int
  let count: Int
  let stride: Int
}

/// Consecutive tiles, as the kernels describe them.
struct WinogradRun {
  let layout: WinogradLayout
  let firstTile: Int
  let tiles: Int

  var isFirst: Bool { firstTile == 0 }

  var inputTiles: CKWinogradTiles {
    tiles(
      of: geometry.inputShape(samples: 0), pitch: layout.inputPitch,
      coefficientStride: layout.inputStride)
  }

  var outputTiles: CKWinogradTiles {
    tiles(
      of: geometry.outputShape(samples: 0), pitch: layout.outputPitch,
      coefficientStride: layout.outputStride)
  }

  /// The products from inputs to outputs, by the weights.
  var products: CKWinogradProducts { products(panelStride: layout.weightStride) }

  /// The products of inputs and outputs, for the weights' gradient.
  var gradientProducts: CKWinogradProducts { products(panelStride: layout.gradientStride) }

  private func products(panelStride: Int) -> CKWinogradProducts {
    CKWinogradProducts(
      form: layout.form, tiles: tiles, inputs: geometry.inputChannels,
      outputs: geometry.outputChannels, inputPitch: layout.inputPitch,
      inputCoefficientStride: layout.inputStride, outputPitch: layout.outputPitch,
      outputCoefficientStride: layout.outputStride, panelFrequencyStride: panelStride)
  }

  /// The products from outputs to inputs, by the transposed weights.
  var transposedProducts: CKWinogradProducts {
    CKWinogradProducts(
      form: layout.form, tiles: tiles, inputs: geometry.outputChannels,
      outputs: geometry.inputChannels, inputPitch: layout.outputPitch,
      inputCoefficientStride: layout.outputStride, outputPitch: layout.inputPitch,
      outputCoefficientStride: layout.inputStride, panelFrequencyStride: layout.transposedStride)
  }

  private var geometry: ConvolutionGeometry { layout.geometry }

  private func tiles(of images: Shape, pitch: Int, coefficientStride: Int) -> CKWinogradTiles {
    CKWinogradTiles(
      form: layout.form, height: images.height, width: images.width,
      channels: images.channels, rows: layout.tileRows, columns: layout.tileColumns,
      firstTile: firstTile, tiles: tiles, pitch: pitch, coefficientStride: coefficientStride)
  }
}
