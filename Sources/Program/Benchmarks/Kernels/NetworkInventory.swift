import Kernels
import Layers
import Networks
import Tensors

/// The work of a network, block by block: the convolutions and elementwise loops of its fused layers.
public struct NetworkInventory {
  /// The elementwise end of a block: batch norm, what is added to it, and the activation.
  public struct Sum: Hashable, Sendable {
    /// The summand that is added to the batch norm's output.
    public enum Other: String, Sendable, Codable {
      case nothing, normalized, scaled
    }

    public let height: Int
    public let width: Int
    public let channels: Int
    public let other: Other

    /// The number of tensors that the loop reads as summands.
    var summands: Int { other == .nothing ? 1 : 2 }
    /// The number of batch norms; each makes one allreduce in each pass.
    var norms: Int { other == .normalized ? 2 : 1 }
    /// The number of elements of one sample.
    var elements: Int { height * width * channels }
  }

  /// A pooling with its input and output shape, for one sample.
  public struct Pooling: Hashable, Sendable {
    public enum Kind: String, Sendable, Codable { case maximum, average }

    public let kind: Kind
    public let input: Shape
    public let output: Shape
  }

  /// One block of the network's chain.
  public struct Block: Sendable {
    public var name = ""
    public var convolutions: [ConvolutionGeometry] = []
    public var sums: [Sum] = []
    /// Sums whose output the backward sweep computes again.
    public var recomputed: [Sum] = []
    public var poolings: [Pooling] = []

    fileprivate mutating func add(_ branch: Block) {
      convolutions += branch.convolutions
      sums += branch.sums
      poolings += branch.poolings
    }
  }

  public let blocks: [Block]

  public init(_ model: Model) {
    var walk = Walk(
      height: model.architecture.height, width: model.architecture.width,
      channels: model.architecture.channels)
    blocks = model.chain.layers.map { walk.take($0.evaluation) }
  }
}

/// A walk through a network that follows the shape of the activations.
private struct Walk {
  var height: Int
  var width: Int
  var channels: Int

  /// The work of one block's maps.
  mutating func take(_ maps: [EvaluationMap]) -> NetworkInventory.Block {
    var found = NetworkInventory.Block()
    var other = NetworkInventory.Sum.Other.nothing
    for map in maps {
      switch map {
      case .residual(let branch, let shortcut):
        takeBranches(branch, shortcut, into: &found)
        other = shortcut == nil ? .scaled : .normalized
        found.name = "residual block"
      case .affine(let convolution):
        take(convolution.geometry, into: &found)
        found.name = maps.count > 1 ? "convolution block" : "linear"
      case .normalization:
        // The loop of the activation that follows includes it.
        break
      case .activation:
        found.sums.append(sum(other))
      case .maximumPooling(let size):
        found.poolings.append(pooling(.maximum, height: height / size, width: width / size))
        found.name = "maximum pooling"
      case .averagePooling:
        found.poolings.append(pooling(.average, height: 1, width: 1))
        found.name = "average pooling"
      }
    }
    found.name += " → \(height)×\(width)×\(channels)"
    return found
  }

  /// The branch of a residual block, and its shortcut, which starts at the same shape.
  private mutating func takeBranches(
    _ branch: [EvaluationMap], _ shortcut: [EvaluationMap]?,
    into found: inout NetworkInventory.Block
  ) {
    let input = self
    let work = take(branch)
    found.add(work)
    found.recomputed = work.sums
    guard let shortcut else { return }
    let output = self
    self = input
    found.add(take(shortcut))
    self = output
  }

  private mutating func take(
    _ geometry: ConvolutionGeometry, into found: inout NetworkInventory.Block
  ) {
    found.convolutions.append(geometry)
    (height, width) = (geometry.outputHeight, geometry.outputWidth)
    channels = geometry.outputChannels
  }

  private func sum(_ other: NetworkInventory.Sum.Other) -> NetworkInventory.Sum {
    NetworkInventory.Sum(height: height, width: width, channels: channels, other: other)
  }

  private mutating func pooling(
    _ kind: NetworkInventory.Pooling.Kind, height: Int, width: Int
  ) -> NetworkInventory.Pooling {
    let input = Shape(samples: 1, height: self.height, width: self.width, channels: channels)
    (self.height, self.width) = (height, width)
    return NetworkInventory.Pooling(
      kind: kind, input: input,
      output: Shape(samples: 1, height: height, width: width, channels: channels))
  }
}
