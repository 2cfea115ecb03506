import Failures
import Kernels
import Layers
import Networks

/// A network in evaluation mode: affine maps, activations, pooling and residual sums.
///
/// A batch norm is a diagonal map then, and one with the convolution before it. Names are those of the state
/// dict; an activation is called s(·) of what it acts on.
package struct EvaluationNetwork {
  indirect enum Piece {
    case affine(AffineMap)
    case activation(name: String, beta: Double)
    /// The mean of all positions.
    case averagePooling(positions: Int)
    case maximumPooling(size: Int)
    /// ½·(F(x/√2) + S(x/√2)); S is the identity where there is no shortcut.
    case residual(name: String, branch: [Piece], shortcut: [Piece]?)
  }

  /// A convolution or linear layer with the slopes of the batch norm behind it.
  package struct AffineMap {
    let name: String
    package let geometry: ConvolutionGeometry
    /// γ of the batch norm; nil where there is none or it has none.
    let gamma: Double?
    private let convolution: Convolution2D
    private let slopes: [Double]?

    fileprivate init(_ convolution: Convolution2D, _ norm: BatchNorm?) {
      self.convolution = convolution
      name = convolution.blockName
      geometry = convolution.geometry
      slopes = norm?.evaluationSlopes
      gamma = norm.flatMap { $0.logLipschitz.isTrained ? Double($0.gamma) : nil }
    }

    /// The layer's weight times the slope of each output channel: [kh, kw, inputs, outputs].
    package func weight() -> [Double] {
      let weight = convolution.weight.effective
      let outputs = geometry.outputChannels
      return (0..<weight.count).map { Double(weight[$0]) * (slopes?[$0 % outputs] ?? 1) }
    }
  }

  let pieces: [Piece]
  /// Every affine map, a residual block's branch before its shortcut.
  package let affineMaps: [AffineMap]

  /// Reads a model whose reparameterisations have been refreshed; valid until its parameters change.
  package init(_ model: Model) {
    var position = Position(height: model.architecture.height, width: model.architecture.width)
    pieces = EvaluationNetwork.pieces(model.chain.parts, &position)
    affineMaps = EvaluationNetwork.affineMaps(of: pieces)
  }

  /// Where a chain has come to: the size of the image, and the name of what has made it.
  private struct Position {
    var height: Int
    var width: Int
    var name = "x"
  }

  private static func pieces(_ parts: [NetworkPart], _ position: inout Position) -> [Piece] {
    var pieces: [Piece] = []
    for (index, part) in parts.enumerated() {
      switch part {
      case .layer(let convolution as Convolution2D):
        let map = AffineMap(convolution, norm(behind: index, in: parts))
        pieces.append(.affine(map))
        position = Position(
          height: map.geometry.outputHeight, width: map.geometry.outputWidth, name: map.name)
      case .layer(let activation as CenteredSoftplus):
        pieces.append(.activation(name: "s(\(position.name))", beta: Double(activation.beta)))
      case .layer(let activation as FixedSoftplus):
        pieces.append(.activation(name: "s(\(position.name))", beta: Double(activation.beta)))
      case .layer(is GlobalAveragePooling):
        pieces.append(.averagePooling(positions: position.height * position.width))
        position = Position(height: 1, width: 1, name: "mean")
      case .layer(let pooling as MaximumPooling):
        pieces.append(.maximumPooling(size: pooling.size))
        position = Position(
          height: position.height / pooling.size, width: position.width / pooling.size, name: "max")
      case .layer(is BatchNorm):
        // It has gone into the map before it.
        break
      case .layer(let layer):
        unreachable("a bound of \(type(of: layer))")
      case .residual(let branch, let shortcut):
        pieces.append(residual(branch, shortcut, &position))
      }
    }
    return pieces
  }

  private static func norm(behind index: Int, in parts: [NetworkPart]) -> BatchNorm? {
    guard index + 1 < parts.count, case .layer(let norm as BatchNorm) = parts[index + 1] else {
      return nil
    }
    return norm
  }

  private static func residual(
    _ branch: [NetworkPart], _ shortcut: [NetworkPart]?, _ position: inout Position
  ) -> Piece {
    let entering = position
    let branch = pieces(branch, &position)
    let shortcut = shortcut.map { parts in
      var beside = entering
      return pieces(parts, &beside)
    }
    // The branch's modules are stage.block.module.part.
    position.name = position.name.split(separator: ".").dropLast(2).joined(separator: ".")
    return .residual(name: position.name, branch: branch, shortcut: shortcut)
  }

  private static func affineMaps(of pieces: [Piece]) -> [AffineMap] {
    pieces.flatMap { piece -> [AffineMap] in
      switch piece {
      case .affine(let map): [map]
      case .residual(_, let branch, let shortcut):
        affineMaps(of: branch) + affineMaps(of: shortcut ?? [])
      case .activation, .averagePooling, .maximumPooling: []
      }
    }
  }
}

extension Convolution2D {
  /// The state dict's name of the conv-BN block or the linear layer.
  fileprivate var blockName: String {
    var name = weight.names[0][...]
    for suffix in [".parametrizations.weight.original", ".weight", ".conv"]
    where name.hasSuffix(suffix) {
      name = name.dropLast(suffix.count)
    }
    return String(name)
  }
}
