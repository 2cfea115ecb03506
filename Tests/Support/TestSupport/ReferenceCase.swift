import Checkpoints
import Foundation
import MessagePassing
import Networks
import Tensors
import Training

/// One directory of expected values from the reference implementation.
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
    public let steps: Int
    public let lr: Float
    public let momentum: Float
    public let weightDecay: Float
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

  /// Every case in the directory that LCNN_FIXTURES names, `../shared/fixtures/reference` by default.
  public static func all() throws -> [ReferenceCase] {
    let directory =
      ProcessInfo.processInfo.environment["LCNN_FIXTURES"] ?? "../shared/fixtures/reference"
    guard FileManager.default.fileExists(atPath: directory) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
      .filter { FileManager.default.fileExists(atPath: "\(directory)/\($0)/case.json") }
      .map { try ReferenceCase(directory: directory, name: $0) }
  }

  private init(directory: String, name: String) throws {
    self.name = name
    let path = "\(directory)/\(name)"
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
      body, variant: details.model.lcnn ? .lowCurvature : .standard(beta: 1000),
      height: details.image[1], width: details.image[2], channels: details.image[0],
      classes: details.classes)
  }

  /// The reference's loss with its constants; its gradient penalty is reg_gnorm·1e5/B² per sample.
  public var objective: Objective {
    let curvature = details.loss.contains("curvature")
    let gradientNorm = details.loss.contains("gnorm")
    let batch = Float(details.batch)
    return Objective(
      beta: curvature ? details.regBeta : 0, gamma: curvature ? details.regGamma : 0,
      gradientNorm: gradientNorm ? details.regGnorm * 1e5 / (batch * batch) : 0)
  }

  /// Samples `range` as the engine wants them, NHWC.
  public func pixels(_ range: Range<Int>) -> [Float] { nhwc(images, range) }

  /// An expected [count, C, H, W] tensor, samples `range`, in the engine's order.
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
