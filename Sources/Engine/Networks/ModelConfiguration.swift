import Kernels
import Layers
import MessagePassing
import Tensors

/// The purpose that a model is built for, and the settings of its passes.
public struct ModelConfiguration: Sendable, Equatable {
  public enum Purpose: Sendable, Equatable {
    /// Values only.
    case inference
    /// Gradients of the input, evaluation mode: attacks.
    case inputGradients
    /// Hessian-vector products with the input Hessian.
    case curvature
    /// Gradients of the parameters.
    case training
    /// Gradients of the parameters and of the input: adversarial training.
    case trainingWithInputGradients
    /// Gradients of the parameters and of a penalty on the input gradient.
    case trainingWithPenalty
  }

  public let purpose: Purpose
  /// The largest number of samples of a call: a rank's share of the largest batch.
  public let maximumSamples: Int
  public let slices: Slices
  public let batchNormScope: BatchNormScope
  public let sumOrder: SumOrder
  /// The precision of the products of convolutions.
  public let precision: Precision
  public let fusion: Fusion

  /// Whether the layers of a block are computed together.
  public enum Fusion: Sendable, Equatable {
    /// Convolution, batch norm and activation as one layer, residual blocks as one layer.
    case fused
    /// Every layer by itself with all edges stored: the plain twin.
    case plain
  }

  public init(
    _ purpose: Purpose, maximumSamples: Int, slices: Slices = Slices(samples: 8),
    batchNormScope: BatchNormScope = .global, sumOrder: SumOrder = .fastest,
    precision: Precision = .float32, fusion: Fusion = .fused
  ) {
    self.purpose = purpose
    self.maximumSamples = maximumSamples
    self.slices = slices
    self.batchNormScope = batchNormScope
    self.sumOrder = sumOrder
    self.precision = precision
    self.fusion = fusion
  }

  /// The site of the model's layers.
  func site(communicator: any Communicator, arena: Arena) -> LayerSite {
    LayerSite(
      communicator: communicator, maximumSamples: maximumSamples, slices: slices, order: sumOrder,
      batchNormScope: batchNormScope, derivatives: derivatives, precision: precision,
      keptTransforms: trains ? .none : .both, arena: arena)
  }

  var derivatives: Derivatives {
    switch purpose {
    case .inference: .none
    case .inputGradients, .training, .trainingWithInputGradients: .first
    case .curvature, .trainingWithPenalty: .second
    }
  }

  var trains: Bool {
    switch purpose {
    case .training, .trainingWithInputGradients, .trainingWithPenalty: true
    case .inference, .inputGradients, .curvature: false
    }
  }
}
