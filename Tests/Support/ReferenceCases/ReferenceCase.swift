import Checkpoints
import Environment
import Foundation
import Networks

/// A network, a batch and the values that the reference implementation computes of them.
public struct ReferenceCase: Sendable, CustomStringConvertible {
  public let name: String
  public let details: Details
  public let initial: StateDictionary
  /// [count, C, H, W], in [0, 1].
  public let images: [Float]
  public let labels: [Int32]
  public let expected: SafetensorsFile

  public var description: String { name }

  /// `case.json`.
  public struct Details: Decodable, Sendable {
    public let model: Network
    public let loss: String
    public let regBeta: Float
    public let regGamma: Float
    public let regGnorm: Float
    public let regBound: Float?
    public let steps: Int
    public let lr: Float
    public let momentum: Float
    public let weightDecay: Float
    public let betaDecay: Float?
    public let batch: Int
    public let image: [Int]
    public let classes: Int
    public let train: [Step]

    public struct Network: Decodable, Sendable {
      public let family: String
      public let lcnn: Bool
      public let stem: Int?
      public let widths: [Int]?
      public let blocks: [Int]?
      public let layers: [Item]?
      public let components: Components?
    }

    /// The components of a network that is neither of the reference's variants.
    public struct Components: Decodable, Sendable {
      public let spectralNorm: String
      public let batchNorm: String
      public let activation: String
    }

    public struct Step: Decodable, Sendable {
      public let rawLoss: Double
      public let loss: Double
      public let gradnorm: Double?
    }

    /// A number of channels or "M".
    public enum Item: Decodable, Sendable {
      case channels(Int)
      case pooling

      public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = (try? container.decode(Int.self)).map { .channels($0) } ?? .pooling
      }
    }
  }

  /// The folder that `LCNN_FIXTURES` names, else the cases of the repository.
  public static let folder =
    EnvironmentVariable.fixtures.value(in: ProcessInfo.processInfo.environment)
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../ReferenceTests/Cases").standardized.path(percentEncoded: false)

  /// Every case in `folder`, by name.
  public static func all() throws -> [ReferenceCase] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/case.json") }
      .map { try ReferenceCase($0) }
  }

  private init(_ name: String) throws {
    self.name = name
    let path = "\(Self.folder)/\(name)"
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    details = try decoder.decode(
      Details.self, from: try Data(contentsOf: URL(fileURLWithPath: "\(path)/case.json")))
    initial = try StateDictionary(
      SafetensorsFile.read("\(path)/initial.safetensors"), path: "\(path)/initial.safetensors")
    let batch = try SafetensorsFile.read("\(path)/batch.safetensors")
    images = try batch.tensors["x"]?.floats() ?? []
    labels = try (batch.tensors["y"]?.integers() ?? []).map { Int32($0) }
    expected = try SafetensorsFile.read("\(path)/expected.safetensors")
  }

  public func architecture() throws -> Architecture {
    let body: Architecture.Body
    if let layers = details.model.layers {
      body = .vgg(
        layers.map {
          switch $0 {
          case .channels(let count): .convolution(channels: count)
          case .pooling: .pooling
          }
        })
    } else {
      body = .resNet(
        stem: details.model.stem ?? 0, widths: details.model.widths ?? [],
        blocks: details.model.blocks ?? [])
    }
    return try Architecture(
      body, variant: try variant,
      height: details.image[1], width: details.image[2], channels: details.image[0],
      classes: details.classes)
  }

  private var variant: Architecture.Variant {
    get throws {
      guard let components = details.model.components else {
        return details.model.lcnn ? .lowCurvature : .standard(beta: 1000)
      }
      typealias Variant = Architecture.Variant
      let norms: [String: Variant.SpectralNormalization] = [
        "convolution": .convolution, "matrix": .matrix, "none": .none,
      ]
      let activations: [String: Variant.Activation] = [
        "trained-softplus": .trainedSoftplus, "relu": .fixed(.relu), "gelu": .fixed(.gelu),
        "silu": .fixed(.silu),
      ]
      guard let norm = norms[components.spectralNorm],
        let activation = activations[components.activation]
      else { throw UnknownComponents(reference: name) }
      return Variant(
        spectralNorm: norm, batchNorm: components.batchNorm == "lipschitz" ? .lipschitz : .none,
        activation: activation)
    }
  }

  public struct UnknownComponents: Error {
    public let reference: String
  }

  /// The pixels of the samples `range`, [count, H, W, C].
  public func pixels(_ range: Range<Int>) -> [Float] { nhwc(images, range) }

  /// The samples `range` of an expected [count, C, H, W] tensor, as [count, H, W, C].
  public func expectedImages(_ name: String, _ range: Range<Int>) throws -> [Double] {
    try nhwc(expectedValues(name), range)
  }

  public func expectedValues(_ name: String) throws -> [Double] {
    guard let tensor = expected.tensors[name] else {
      throw MissingExpectation(name: name, reference: self.name)
    }
    return try tensor.doubles()
  }

  public struct MissingExpectation: Error {
    public let name: String
    public let reference: String
  }

  private func nhwc<Value>(_ values: [Value], _ range: Range<Int>) -> [Value] {
    let (channels, positions) = (details.image[0], details.image[1] * details.image[2])
    var result: [Value] = []
    result.reserveCapacity(range.count * channels * positions)
    for sample in range {
      for position in 0..<positions {
        for channel in 0..<channels {
          result.append(values[(sample * channels + channel) * positions + position])
        }
      }
    }
    return result
  }
}
