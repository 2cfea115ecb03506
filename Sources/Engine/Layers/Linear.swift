import Kernels
import Tensors

/// y = x·Ŵ + b over a flattened image: a convolution whose kernel covers the image.
///
/// The lowering is then the identity and the product a plain matrix product, so a linear layer is a
/// ``Convolution2D`` with another layout in the checkpoint, not another implementation of the passes.
extension ConvolutionGeometry {
  /// The geometry of a linear layer on images of this size.
  public static func linear(
    height: Int, width: Int, channels: Int, outputs: Int
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: height, inputWidth: width, inputChannels: channels, outputChannels: outputs,
      kernelHeight: height, kernelWidth: width, stride: 1, padding: 0)
  }
}
