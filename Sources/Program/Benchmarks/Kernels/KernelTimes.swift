import Kernels

/// Seconds of the loops of a network's layers, each by itself and for all samples of a rank.
public struct KernelTimes: Sendable, Equatable, Codable {
  /// A convolution's shape, and its count in the network.
  public struct Convolution: Sendable, Equatable, Codable {
    public let kernel: Int
    public let stride: Int
    public let inputChannels: Int
    public let outputChannels: Int
    public let outputHeight: Int
    public let outputWidth: Int
    public let count: Int
    /// Whether Winograd's algorithm computes it, instead of lowering.
    public let isWinograd: Bool
    /// Seconds of both orientations of the weight's transform; 0 without Winograd.
    public let weightTransforms: Double
    public let passes: [Pass]

    public struct Pass: Sendable, Equatable, Codable {
      public let pass: ConvolutionPass
      public let seconds: Double
      /// Operations by the direct count.
      public let operations: Double
      /// Bytes of inputs, outputs and weights, once for each product.
      public let bytes: Double
      /// Seconds by lowering, where Winograd's algorithm is used instead.
      public let lowered: Double?
      /// The matrix products of Winograd's algorithm in `seconds`; they take fewer operations.
      public let products: Products?
    }

    public struct Products: Sendable, Equatable, Codable {
      public let seconds: Double
      public let operations: Double
    }

    func time(of pass: ConvolutionPass) -> Pass? { passes.first { $0.pass == pass } }
  }

  /// A block's elementwise end, and its count in the network.
  public struct Activation: Sendable, Equatable, Codable {
    public let height: Int
    public let width: Int
    public let channels: Int
    public let other: NetworkInventory.Sum.Other
    public let count: Int
    public let passes: [Pass]

    public struct Pass: Sendable, Equatable, Codable {
      public let pass: ActivationPass
      public let seconds: Double
      public let bytes: Double
    }

    func time(of pass: ActivationPass) -> Pass? { passes.first { $0.pass == pass } }
  }

  public struct Pooling: Sendable, Equatable, Codable {
    public let kind: NetworkInventory.Pooling.Kind
    public let height: Int
    public let width: Int
    public let channels: Int
    public let count: Int
    public let forward: Double
    public let backward: Double
    /// Bytes of either pass.
    public let bytes: Double
  }

  /// The loops over the weights alone, for the whole network.
  public struct Weights: Sendable, Equatable, Codable {
    public let parameters: Int
    /// Spectral norms, one iteration each, β and γ.
    public let refresh: Double
    public let pullBack: Double
    /// SGD: reads value, gradient and momentum buffer, writes value and momentum buffer.
    public let update: Double
    public var updateBytes: Double { Double(5 * parameters * MemoryLayout<Float>.stride) }
  }

  /// Samples of this rank.
  public let samples: Int
  /// The precision of the products of Winograd's algorithm.
  public let precision: Precision
  public let convolutions: [Convolution]
  public let activations: [Activation]
  public let poolings: [Pooling]
  public let weights: Weights
}
