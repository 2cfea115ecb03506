import Networks

/// A network of each family and variant, and one of each family with mixed components, small enough for a test of milliseconds: 6×6×2 images, 3
/// classes.
public enum SmallNetwork: String, CaseIterable, Sendable, CustomStringConvertible {
  case resNetLowCurvature, resNetStandard, vggLowCurvature, vggStandard, resNetMixed, vggMixed

  public var description: String { rawValue }

  /// The standard variants take β = 10, so that their second derivatives are not spikes.
  public var variant: Architecture.Variant {
    switch self {
    case .resNetLowCurvature, .vggLowCurvature: .lowCurvature
    case .resNetStandard, .vggStandard: .standard(beta: 10)
    case .resNetMixed:
      Architecture.Variant(spectralNorm: .matrix, batchNorm: .lipschitz, activation: .fixed(.gelu))
    case .vggMixed:
      Architecture.Variant(
        spectralNorm: .convolution, batchNorm: .none, activation: .fixed(.silu))
    }
  }

  /// Both shortcuts and both strides; a β that three layers share.
  public var body: Architecture.Body {
    switch self {
    case .resNetLowCurvature, .resNetStandard, .resNetMixed:
      .resNet(stem: 4, widths: [4, 6], blocks: [1, 1])
    case .vggLowCurvature, .vggStandard, .vggMixed:
      .vgg([
        .convolution(channels: 4), .pooling, .convolution(channels: 5), .convolution(channels: 6),
      ])
    }
  }

  public func architecture() throws(ArchitectureError) -> Architecture {
    try Architecture(body, variant: variant, height: 6, width: 6, channels: 2, classes: 3)
  }
}
