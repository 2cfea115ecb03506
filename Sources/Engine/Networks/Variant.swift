import Kernels
import Layers

extension Architecture {
  /// The components of a network that decide about its curvature.
  ///
  /// The linear layer is spectrally normalised in every ResNet and in no VGG, as in the reference.
  public struct Variant: Sendable, Equatable {
    /// The norm that divides the weight of a convolution.
    public enum SpectralNormalization: Sendable, Equatable, CaseIterable {
      /// The norm of the convolution as an operator on images.
      case convolution
      /// The norm of the weight as a matrix [outputs, inputs·kh·kw].
      ///
      /// At least 1/√(kh·kw) of the operator's norm: the operator is not normalised to 1.
      case matrix
      case none
    }

    public enum Activation: Sendable, Equatable {
      /// Centered softplus with a β that is trained, from 5.
      case trainedSoftplus
      case fixed(ActivationFunction)
    }

    public let spectralNorm: SpectralNormalization
    public let batchNorm: BatchNorm.Constraint
    public let activation: Activation

    public init(
      spectralNorm: SpectralNormalization, batchNorm: BatchNorm.Constraint, activation: Activation
    ) {
      self.spectralNorm = spectralNorm
      self.batchNorm = batchNorm
      self.activation = activation
    }

    /// The paper's network: spectral norms, γ-Lipschitz batch norm, centered softplus with trained
    /// β.
    public static let lowCurvature = Variant(
      spectralNorm: .convolution, batchNorm: .lipschitz, activation: .trainedSoftplus)

    /// The paper's baseline: plain convolutions and batch norm, softplus with a fixed β (1000 in the
    /// reference).
    public static func standard(beta: Float) -> Variant {
      Variant(spectralNorm: .none, batchNorm: .none, activation: .fixed(.softplus(beta: beta)))
    }
  }
}
