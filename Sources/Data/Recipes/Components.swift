extension Recipe {
  /// A name for a combination of components.
  public enum Variant: String, CaseIterable, Sendable {
    /// Low-curvature network: learned β and γ, spectral normalisation.
    case lcnn
    /// Standard network: Softplus of a fixed β, plain batch norm and convolutions.
    case standard

    var components: Components {
      switch self {
      case .lcnn: Components(.convolution, .lipschitz, .trainedSoftplus)
      case .standard: Components(.none, .none, .softplus)
      }
    }
  }

  /// Norm that divides the weight of a convolution.
  public enum SpectralNorm: String, CaseIterable, Sendable {
    /// Norm of the convolution as an operator on images.
    case convolution
    /// Norm of the weight as a matrix of [outputs, inputs·kh·kw], as in PyTorch.
    case matrix
    case none
  }

  public enum BatchNormConstraint: String, CaseIterable, Sendable {
    /// No channel is stretched by more than γ, which is trained.
    case lipschitz
    case none
  }

  public enum ActivationName: String, CaseIterable, Sendable {
    /// Centered softplus with a trained β.
    case trainedSoftplus = "trained-softplus"
    /// Centered softplus with the fixed β `softplus-beta`.
    case centeredSoftplus = "centered-softplus"
    /// Softplus with the fixed β `softplus-beta`.
    case softplus
    case relu, gelu, silu
  }

  /// The components that decide about a network's curvature.
  public struct Components: Sendable, Equatable {
    public let spectralNorm: SpectralNorm
    public let batchNormConstraint: BatchNormConstraint
    public let activation: ActivationName

    init(
      _ spectralNorm: SpectralNorm, _ batchNormConstraint: BatchNormConstraint,
      _ activation: ActivationName
    ) {
      self.spectralNorm = spectralNorm
      self.batchNormConstraint = batchNormConstraint
      self.activation = activation
    }

    var trainsBeta: Bool { activation == .trainedSoftplus }
    var trainsGamma: Bool { batchNormConstraint == .lipschitz }
  }

  /// The components of the recipe's network: those of its own keys, else those of its variant.
  public var components: Components {
    let implied = self.variant.components
    return Components(
      self.spectralNorm ?? implied.spectralNorm,
      self.batchNormConstraint ?? implied.batchNormConstraint,
      self.activation ?? implied.activation)
  }
}
