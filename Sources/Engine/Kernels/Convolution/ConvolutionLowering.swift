import CKernels
import Failures
import Tensors

/// im2col: columns[n·OH·OW, kh·kw·I] ← the patches of x [n, H, W, I], zero in the padding.
///
/// The convolution is the product columns · weight [kh·kw·I, O].
public func imageToColumns(_ x: Tensor, _ geometry: ConvolutionGeometry, into columns: Tensor) {
  var convolution = CKConvolution(geometry, x: x, columns: columns)
  ck_image_to_columns(&convolution, x.pointer, columns.pointer)
}

/// col2im: x [n, H, W, I] ← the sum of each element's copies in the patches.
///
/// The adjoint of ``imageToColumns(_:_:into:)``.
public func columnsToImage(
  _ columns: Tensor, _ geometry: ConvolutionGeometry, _ accumulation: Accumulation = .replace,
  into x: Tensor
) {
  var convolution = CKConvolution(geometry, x: x, columns: columns)
  ck_columns_to_image(&convolution, columns.pointer, accumulation == .add, x.pointer)
}

extension CKConvolution {
  fileprivate init(_ geometry: ConvolutionGeometry, x: Tensor, columns: Tensor) {
    let samples = x.shape.rank == 4 ? x.shape.samples : 0
    let input = geometry.inputShape(samples: samples)
    // Compared extent by extent: an array literal for the expected shape would be allocated.
    require(
      x.shape == input && columns.shape.rank == 2
        && columns.shape[0] == samples * geometry.outputHeight * geometry.outputWidth
        && columns.shape[1] == geometry.patch,
      "lowering takes \(input) to \(geometry.columnsShape(samples: samples)), "
        + "not \(x.shape) to \(columns.shape)")
    self.init(
      samples: samples, height: geometry.inputHeight, width: geometry.inputWidth,
      channels: geometry.inputChannels, kernelHeight: geometry.kernelHeight,
      kernelWidth: geometry.kernelWidth, stride: geometry.stride, padding: geometry.padding,
      outputHeight: geometry.outputHeight, outputWidth: geometry.outputWidth)
  }
}
