import CKernels
import Failures
import Tensors

/// The convolution of a single image, which is smaller than the weight, for power iterations.
///
/// x is [1, H, W, I], y [1, H′, W′, O], the weight [kh, kw, I, O]. Each pass reads the weight once,
/// in place. On images with many positions, where a transform of the weight pays off, the
/// convolution and its adjoint are ``WinogradConvolution``'s. The plain twins are
/// ``directConvolution(_:_:_:into:)`` and its adjoints.
///
/// GFLOP/s of one core with the weight in place, positions outside the image not counted, on an AMD
/// EPYC of family 26 with AVX-512: convolution / adjoint / weight gradient
/// - 64 channels at 32²: 222 / 220 / 235
/// - 128 at 16²: 207 / 218 / 237
/// - 256 at 8²: 210 / 173 / 228
/// - 512 at 4²: 174 / 87 by transposing the weight, 0.6 to 0.7 of that time without / 192
///
/// With transforms from 16² on, instead of from 32² on, all layers of a ResNet-18 take 0.95 of the
/// time.
public struct SingleImageConvolution: Sendable {
  public let geometry: ConvolutionGeometry
  /// The scratch of the convolution and of its adjoint.
  public let scratchShape: Shape
  /// The algorithm with a transformed weight; nil if the weight is read in place.
  private let winograd: WinogradConvolution?
  private let weightShape: Shape

  /// The smallest number of positions for which a transform of the weight pays off.
  private static let fewestPositions = 256

  public init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    let pays =
      WinogradConvolution.isProfitable(for: geometry) && geometry.stride == 1
      && geometry.outputHeight * geometry.outputWidth >= SingleImageConvolution.fewestPositions
    winograd = pays ? WinogradConvolution(geometry, samples: 1, precision: .float32) : nil
    weightShape = geometry.weightShape
    if let winograd {
      let weight = max(winograd.transformedWeightShape.count, winograd.transposedWeightShape.count)
      scratchShape = Shape(length: winograd.scratchShape.count + weight)
    } else {
      var convolution = CKConvolution(image: geometry)
      scratchShape = Shape(length: ck_single_image_scratch(&convolution, geometry.outputChannels))
    }
  }

  /// y ← the convolution of x.
  public func apply(_ weight: Tensor, to x: Tensor, scratch: Tensor, into y: Tensor) {
    requireFit(weight, x, y)
    if let winograd {
      let parts = parts(of: scratch, for: winograd, winograd.transformedWeightShape)
      winograd.transformWeight(weight.reshaped(weightShape), into: parts.weight)
      winograd.forward(x, transformedWeight: parts.weight, scratch: parts.scratch, into: y)
      return
    }
    var convolution = CKConvolution(image: geometry)
    ck_single_image_apply(
      &convolution, geometry.outputChannels, weight.pointer, x.pointer, scratch.pointer, y.pointer)
  }

  /// x ← the adjoint, applied to y.
  public func applyTranspose(_ weight: Tensor, to y: Tensor, scratch: Tensor, into x: Tensor) {
    requireFit(weight, x, y)
    if let winograd {
      let parts = parts(of: scratch, for: winograd, winograd.transposedWeightShape)
      winograd.transformTransposedWeight(weight.reshaped(weightShape), into: parts.weight)
      winograd.backward(y, transposedWeight: parts.weight, scratch: parts.scratch, into: x)
      return
    }
    var convolution = CKConvolution(image: geometry)
    ck_single_image_transpose(
      &convolution, geometry.outputChannels, weight.pointer, y.pointer, scratch.pointer, x.pointer)
  }

  /// weight ← scale·(gradient of Σ y·convolution(x) by the weight) + previous·weight.
  ///
  /// With `previous` 0, the weight is not read.
  public func weightGradient(
    _ x: Tensor, _ y: Tensor, scale: Float, previous: Float, into weight: Tensor
  ) {
    requireFit(weight, x, y)
    var convolution = CKConvolution(image: geometry)
    ck_single_image_weight_gradient(
      &convolution, geometry.outputChannels, x.pointer, y.pointer, scale, previous, weight.pointer)
  }

  /// The scratch of Winograd's algorithm, and the memory of the transformed weight.
  private func parts(
    of scratch: Tensor, for winograd: WinogradConvolution, _ weight: Shape
  ) -> (scratch: Tensor, weight: Tensor) {
    require(
      scratch.count >= scratchShape.count,
      "a scratch of \(scratch.count) floats where \(scratchShape.count) are needed")
    let transforms = winograd.scratchShape
    return (
      Tensor(transforms, storage: scratch.pointer),
      Tensor(weight, storage: scratch.pointer + transforms.count)
    )
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
