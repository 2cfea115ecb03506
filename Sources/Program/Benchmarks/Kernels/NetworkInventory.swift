import Kernels
import Layers
import Networks
import Tensors

/// What a network computes, layer by layer: the convolutions and elementwise loops of its fused layers.
public struct NetworkInventory {
  /// The elementwise end of a block: batch norm, what is added to it, and the activation.
  public struct Sum: Hashable, Sendable {
    /// What is added to the batch norm's output.
    public enum Other: String, Sendable, Codable {
      case nothing, normalized, scaled
    }

    public let height: Int
    public let width: Int
    public let channels: Int
    public let other: Other

    /// How many tensors the loop reads as summands.
    var summands: Int { other == .nothing ? 1 : 2 }
    /// Batch norms, each of which makes a sum over ranks in each pass.
    var norms: Int { other == .normalized ? 2 : 1 }
    /// Of one sample.
    var elements: Int { height * width * channels }
  }

  /// Pooling, or what else only moves elements.
  public struct Pooling: Hashable, Sendable {
    public enum Kind: String, Sendable, Codable { case maximum, average }

    public let kind: Kind
    public let input: Shape
    public let output: Shape
  }

  /// One layer of the network's chain.
  public struct Layer: Sendable {
    public var name = ""
    public var convolutions: [ConvolutionGeometry] = []
    public var sums: [Sum] = []
    /// Sums whose output the backward sweep makes again.
    public var recomputed: [Sum] = []
    public var poolings: [Pooling] = []
  }

  public let layers: [Layer]

  public init(_ model: Model) {
    var walk = Walk(
      height: model.architecture.height, width: model.architecture.width,
      channels: model.architecture.channels)
    let following = NetworkInventory.inputSizes(model.chain.layers)
    layers = zip(model.chain.layers, following).map { layer, next in walk.take(layer, next: next) }
  }

  /// For each layer the image that the next convolution after it reads, which tells what a pooling leaves.
  private static func inputSizes(
    _ layers: [any Layers.Layer]
  ) -> [(height: Int, width: Int)?] {
    var next: (height: Int, width: Int)?
    var sizes: [(height: Int, width: Int)?] = []
    for layer in layers.reversed() {
      sizes.append(next)
      if let geometry = firstGeometry(layer.parts) {
        next = (geometry.inputHeight, geometry.inputWidth)
      }
    }
    return sizes.reversed()
  }

  private static func firstGeometry(_ parts: [NetworkPart]) -> ConvolutionGeometry? {
    for part in parts {
      switch part {
      case .layer(let layer):
        if let convolution = layer as? Convolution2D { return convolution.geometry }
      case .residual(let branch, _):
        if let geometry = firstGeometry(branch) { return geometry }
      }
    }
    return nil
  }
}

/// The shape of the activations on the way through a network.
private struct Walk {
  var height: Int
  var width: Int
  var channels: Int

  mutating func take(
    _ layer: any Layers.Layer, next: (height: Int, width: Int)?
  ) -> NetworkInventory.Layer {
    var found = NetworkInventory.Layer()
    let isBlock = layer.parts.count > 1
    var other = NetworkInventory.Sum.Other.nothing
    for part in layer.parts {
      switch part {
      case .residual(let branch, let shortcut):
        let input = (height, width, channels)
        takeBranch(branch, into: &found)
        found.recomputed = found.sums
        if let shortcut {
          let output = (height, width, channels)
          (height, width, channels) = input
          takeBranch(shortcut, into: &found)
          (height, width, channels) = output
        }
        other = shortcut == nil ? .scaled : .normalized
        found.name = "residual block"
      case .layer(let layer):
        switch layer {
        case let convolution as Convolution2D:
          take(convolution.geometry, into: &found)
          found.name = isBlock ? "convolution block" : "linear"
        case is any SoftplusActivation: found.sums.append(sum(other))
        case is MaximumPooling, is GlobalAveragePooling:
          let output = next ?? (1, 1)
          found.poolings.append(pooling(layer is MaximumPooling ? .maximum : .average, output))
          (height, width) = output
          found.name = layer is MaximumPooling ? "maximum pooling" : "average pooling"
        default: break
        }
      }
    }
    found.name += " → \(height)×\(width)×\(channels)"
    return found
  }

  /// A convolution and its batch norm, one or two of them with an activation between.
  private mutating func takeBranch(_ parts: [NetworkPart], into found: inout NetworkInventory.Layer)
  {
    for case .layer(let layer) in parts {
      if let convolution = layer as? Convolution2D { take(convolution.geometry, into: &found) }
      if layer is any SoftplusActivation { found.sums.append(sum(.nothing)) }
    }
  }

  private mutating func take(
    _ geometry: ConvolutionGeometry, into found: inout NetworkInventory.Layer
  ) {
    found.convolutions.append(geometry)
    (height, width) = (geometry.outputHeight, geometry.outputWidth)
    channels = geometry.outputChannels
  }

  private func sum(_ other: NetworkInventory.Sum.Other) -> NetworkInventory.Sum {
    NetworkInventory.Sum(height: height, width: width, channels: channels, other: other)
  }

  private func pooling(
    _ kind: NetworkInventory.Pooling.Kind, _ output: (height: Int, width: Int)
  ) -> NetworkInventory.Pooling {
    NetworkInventory.Pooling(
      kind: kind, input: Shape(samples: 1, height: height, width: width, channels: channels),
      output: Shape(samples: 1, height: output.height, width: output.width, channels: channels))
  }
}
