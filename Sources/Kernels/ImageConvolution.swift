import CKernels
import Preconditions
import Tensors

/// The convolution of a single image, which is small beside the weight: for power iterations.
///
/// Each pass reads the weight once, from where it lies. x is [1, H, W, I], y [1, H′, W′, O], the weight
/// [kh, kw, I, O]. The plain twins are ``directConvolution(_:_:_:into:)`` and its adjoints.
///
/// GFLOP/s of one core, without what lies outside the image: convolution / adjoint / weight gradient, on an
/// AMD EPYC of family 26 with AVX-512:
/// - 64 channels at 32²: 222 / 220 / 235
/// - 128 at 16²: 207 / 218 / 237
/// - 256 at 8²: 210 / 173 / 228
/// - 512 at 4²: 174 / 140 / 192
public struct ImageConvolution: Sendable {
  public let geometry: ConvolutionGeometry

  public init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  /// What the convolution and its adjoint need besides their arguments.
  public var scratchShape: Shape {
    var convolution = CKConvolution(image: geometry)
    return Shape(length: ck_image_scratch(&convolution, geometry.outputChannels))
  }

  /// y ← the convolution of x.
  public func apply(_ weight: Tensor, to x: Tensor, scratch: Tensor, into y: Tensor) {
    requireFit(weight, x, y)
    var convolution = CKConvolution(image: geometry)
    ck_image_apply(
      &convolution, geometry.outputChannels, weight.pointer, x.pointer, scratch.pointer, y.pointer)
  }

  /// x ← the adjoint, applied to y.
  public func applyTranspose(_ weight: Tensor, to y: Tensor, scratch: Tensor, into x: Tensor) {
    requireFit(weight, x, y)
    var convolution = CKConvolution(image: geometry)
    ck_image_transpose(
      &convolution, geometry.outputChannels, weight.pointer, y.pointer, scratch.pointer, x.pointer)
  }

  /// weight ← scale·(gradient of Σ y·convolution(x) by the weight) + previous·weight.
  ///
  /// With `previous` 0, the weight is only written.
  public func weightGradient(
    _ x: Tensor, _ y: Tensor, scale: Float, previous: Float, into weight: Tensor
  ) {
    requireFit(weight, x, y)
    var convolution = CKConvolution(image: geometry)
    ck_image_weight_gradient(
      &convolution, geometry.outputChannels, x.pointer, y.pointer, scale, previous, weight.pointer)
  }

  private func requireFit(_ weight: Tensor, _ x: Tensor, _ y: Tensor) {
    require(
      x.shape == geometry.inputShape(samples: 1) && y.shape == geometry.outputShape(samples: 1)
        && weight.count == geometry.patch * geometry.outputChannels,
      "an image \(x.shape), a weight \(weight.shape) and an output \(y.shape) for \(geometry)")
  }
}

extension CKConvolution {
  fileprivate init(image geometry: ConvolutionGeometry) {
    self.init(
      samples: 1, height: geometry.inputHeight, width: geometry.inputWidth,
      channels: geometry.inputChannels, kernelHeight: geometry.kernelHeight,
      kernelWidth: geometry.kernelWidth, stride: geometry.stride, padding: geometry.padding,
      outputHeight: geometry.outputHeight, outputWidth: geometry.outputWidth)
  }
}
