import Kernels

/// Seconds of what a network's layers are made of, each loop by itself and for all samples of a rank.
public struct KernelTimes: Sendable, Equatable, Codable {
  /// A convolution's shape, and how often the network has it.
  public struct Convolution: Sendable, Equatable, Codable {
    public let kernel: Int
    public let stride: Int
    public let inputChannels: Int
    public let outputChannels: Int
    public let outputHeight: Int
    public let outputWidth: Int
    public let count: Int
    /// Whether it is computed by Winograd's algorithm, and not by lowering.
    public let isWinograd: Bool
    /// Both orientations of the transformed weight; 0 without Winograd.
    public let weightTransforms: Double
    public let passes: [Pass]

    public struct Pass: Sendable, Equatable, Codable {
      public let pass: ConvolutionPass
      public let seconds: Double
      /// By the direct count.
      public let operations: Double
      /// Of inputs, outputs and weights, once for each product.
      public let bytes: Double
      /// By lowering, where Winograd's is another way.
      public let lowered: Double?
      /// Of `seconds`, the matrix products of Winograd's algorithm; their operations are fewer.
      public let products: Products?
    }

    public struct Products: Sendable, Equatable, Codable {
      public let seconds: Double
      public let operations: Double
    }

    func time(of pass: ConvolutionPass) -> Pass? { passes.first { $0.pass == pass } }
  }

  /// A block's elementwise end, and how often the network has it.
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
    /// Of either pass.
    public let bytes: Double
  }

  /// What is a function of the weights alone, for the whole network.
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
  /// Of the products of Winograd's algorithm.
  public let precision: Precision
  public let convolutions: [Convolution]
  public let activations: [Activation]
  public let poolings: [Pooling]
  public let weights: Weights
}
