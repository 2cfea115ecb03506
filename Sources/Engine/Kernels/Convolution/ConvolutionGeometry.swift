import Failures
import Tensors

/// The extents of a two-dimensional convolution over NHWC activations.
public struct ConvolutionGeometry: Hashable, Sendable {
  public let inputHeight: Int
  public let inputWidth: Int
  public let inputChannels: Int
  public let outputChannels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let stride: Int
  /// Rows and columns of zeros on every side.
  public let padding: Int

  /// - Precondition: positive extents and stride, no negative padding, and a kernel that fits the
  ///   padded input.
  public init(
    inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int, kernelHeight: Int,
    kernelWidth: Int, stride: Int, padding: Int
  ) {
    let positive = [
      inputHeight, inputWidth, inputChannels, outputChannels, kernelHeight, kernelWidth, stride,
    ]
    require(
      positive.allSatisfy { $0 > 0 } && padding >= 0
        && inputHeight + 2 * padding >= kernelHeight && inputWidth + 2 * padding >= kernelWidth,
      "no convolution: input \(inputHeight)×\(inputWidth)×\(inputChannels), output channels "
        + "\(outputChannels), kernel \(kernelHeight)×\(kernelWidth), stride \(stride), "
        + "padding \(padding)")
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
  }

  /// The geometry of a linear layer y = x·Ŵ + b on flattened images of this size.
  ///
  /// It is a convolution whose kernel covers the image. The lowering is the identity and the
  /// product a plain matrix product, so a linear layer differs from a convolution only in its
  /// checkpoint layout.
  public static func linear(
    height: Int, width: Int, channels: Int, outputs: Int
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: height, inputWidth: width, inputChannels: channels, outputChannels: outputs,
      kernelHeight: height, kernelWidth: width, stride: 1, padding: 0)
  }

  /// ⌊(H + 2·padding − kernel)/stride⌋ + 1.
  public var outputHeight: Int { (inputHeight + 2 * padding - kernelHeight) / stride + 1 }
  public var outputWidth: Int { (inputWidth + 2 * padding - kernelWidth) / stride + 1 }

  /// The number of input elements of one output position, padding included.
  public var patch: Int { kernelHeight * kernelWidth * inputChannels }

  public func inputShape(samples: Int) -> Shape {
    Shape(samples: samples, height: inputHeight, width: inputWidth, channels: inputChannels)
  }

  public func outputShape(samples: Int) -> Shape {
    Shape(samples: samples, height: outputHeight, width: outputWidth, channels: outputChannels)
  }

  /// [kh, kw, I, O]; reshaped to [patch, O], it is the right factor of lowered activations.
  public var weightShape: Shape { [kernelHeight, kernelWidth, inputChannels, outputChannels] }

  /// The patches of `samples` samples as the rows of a matrix.
  public func columnsShape(samples: Int) -> Shape {
    [samples * outputHeight * outputWidth, patch]
  }

  /// Whether the lowered matrix is the input itself.
  public var isPointwise: Bool {
    kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == 0
  }
}
