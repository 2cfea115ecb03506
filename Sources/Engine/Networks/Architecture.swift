import Failures

/// The architecture of a network: its body, its variant, the size of its images and its classes.
public struct Architecture: Sendable, Equatable {
  public enum Body: Sendable, Equatable {
    /// Stem conv-BN-activation, stages of residual blocks (stride 2 from the second stage on),
    /// global average pooling, spectrally normalised linear layer.
    case resNet(stem: Int, widths: [Int], blocks: [Int])
    /// Conv-BN-activation and 2×2 maximum pooling in the given order, one linear layer.
    case vgg([VGGLayer])
  }

  public enum VGGLayer: Sendable, Equatable {
    case convolution(channels: Int)
    case pooling
  }

  public let body: Body
  public let variant: Variant
  public let height: Int
  public let width: Int
  public let channels: Int
  public let classes: Int

  /// - Throws: ``ArchitectureError`` where the sizes do not fit together.
  public init(
    _ body: Body, variant: Variant, height: Int, width: Int, channels: Int, classes: Int
  ) throws(ArchitectureError) {
    self.body = body
    self.variant = variant
    self.height = height
    self.width = width
    self.channels = channels
    self.classes = classes
    try validate()
  }

  public static let resNet18 = Body.resNet(
    stem: 64, widths: [64, 128, 256, 512], blocks: [2, 2, 2, 2])
  public static let resNet34 = Body.resNet(
    stem: 64, widths: [64, 128, 256, 512], blocks: [3, 4, 6, 3])
  /// Ten convolutions, as in the reference.
  public static let vgg11 = Body.vgg([
    .convolution(channels: 64), .convolution(channels: 64), .pooling,
    .convolution(channels: 128), .convolution(channels: 128), .pooling,
    .convolution(channels: 256), .convolution(channels: 256), .pooling,
    .convolution(channels: 512), .convolution(channels: 512), .pooling,
    .convolution(channels: 512), .convolution(channels: 512),
  ])

  /// The size of the smallest image that a batch norm normalises.
  public var smallestPositions: (height: Int, width: Int) {
    switch body {
    case .resNet(_, let widths, _):
      // A stride-2 convolution with "same" padding leaves half, rounded up.
      var (height, width) = (height, width)
      for _ in widths.dropFirst() { (height, width) = ((height + 1) / 2, (width + 1) / 2) }
      return (height, width)
    case .vgg(let layers):
      let last = layers.lastIndex { $0 != .pooling } ?? 0
      let poolings = layers[..<last].count { $0 == .pooling }
      return (height >> poolings, width >> poolings)
    }
  }

  private func validate() throws(ArchitectureError) {
    guard height > 0, width > 0, channels > 0 else {
      throw .emptyImage(height: height, width: width, channels: channels)
    }
    guard classes > 1 else { throw .tooFewClasses(classes) }
    switch body {
    case .resNet(let stem, let widths, let blocks):
      guard widths.count == blocks.count, !widths.isEmpty else {
        throw .unequalStages(widths: widths.count, blocks: blocks.count)
      }
      for extent in [stem] + widths + blocks where extent <= 0 { throw .notPositive(extent) }
    case .vgg(let layers):
      guard case .convolution = layers.first else { throw .noConvolution }
      let poolings = layers.count { $0 == .pooling }
      guard min(height, width) >> poolings > 0 else {
        throw .imageTooSmall(height: height, width: width, poolings: poolings)
      }
      for case .convolution(let channels) in layers where channels <= 0 {
        throw .notPositive(channels)
      }
    }
  }
}

/// Sizes of a network that do not fit together.
public enum ArchitectureError: Failure, Equatable {
  case emptyImage(height: Int, width: Int, channels: Int)
  case tooFewClasses(Int)
  case unequalStages(widths: Int, blocks: Int)
  case notPositive(Int)
  case noConvolution
  case imageTooSmall(height: Int, width: Int, poolings: Int)
  case oneValuePerChannel(batch: Int, height: Int, width: Int)

  public var exitStatus: ExitStatus { .usage }

  public var description: String {
    switch self {
    case .emptyImage(let height, let width, let channels):
      "images of \(height)×\(width)×\(channels) have no pixels"
    case .tooFewClasses(let classes):
      "found \(classes) class(es), but a classifier needs at least 2"
    case .unequalStages(let widths, let blocks):
      "found \(widths) widths and \(blocks) numbers of blocks; both need one entry per stage"
    case .notPositive(let extent):
      "found \(extent), but numbers of channels and blocks must be positive"
    case .noConvolution:
      "layers must begin with a convolution (a number of channels)"
    case .imageTooSmall(let height, let width, let poolings):
      "\(height)×\(width) images are too small for \(poolings) poolings by 2, which need at least "
        + "\(1 << poolings) pixels each way"
    case .oneValuePerChannel(let batch, let height, let width):
      "a batch of \(batch) sample(s) gives a batch norm one value per channel at \(height)×\(width) "
        + "positions, which has no variance; choose another --batch-size (mind the last batch)"
    }
  }
}
