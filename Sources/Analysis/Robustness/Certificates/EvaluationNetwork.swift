import Failures
import Kernels
import Layers
import Networks

/// A network in evaluation mode: affine maps, activations, pooling and residual sums.
///
/// In evaluation mode a batch norm is a diagonal map, which is merged into the convolution before
/// it. Names are those of the state dict; an activation is named s(·) after the layer before it.
package struct EvaluationNetwork {
  indirect enum Piece {
    case affine(AffineMap)
    case activation(name: String, ActivationFunction)
    /// The mean of all positions.
    case averagePooling(positions: Int)
    case maximumPooling(size: Int)
    /// ½·(F(x/√2) + S(x/√2)); S is the identity if there is no shortcut.
    case residual(name: String, branch: [Piece], shortcut: [Piece]?)
  }

  /// A convolution or linear layer, with the slopes of the batch norm that follows it.
  package struct AffineMap {
    let name: String
    package let geometry: ConvolutionGeometry
    /// γ of the batch norm; nil if there is no batch norm, or it has no constraint.
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

    /// The layer's weight times the slope of each output channel, [kh, kw, inputs, outputs].
    package func weight() -> [Double] {
      let weight = convolution.weight.effective
      let outputs = geometry.outputChannels
      return (0..<weight.count).map { Double(weight[$0]) * (slopes?[$0 % outputs] ?? 1) }
    }
  }

  let pieces: [Piece]
  /// All affine maps; those of a residual block's branch come before those of its shortcut.
  package let affineMaps: [AffineMap]

  /// Reads a refreshed model; valid until its parameters change.
  package init(_ model: Model) {
    var position = Position(height: model.architecture.height, width: model.architecture.width)
    pieces = EvaluationNetwork.pieces(model.chain.evaluation, &position)
    affineMaps = EvaluationNetwork.affineMaps(of: pieces)
  }

  /// A point between two layers: the size of the image there, and the name of the layer before it.
  private struct Position {
    var height: Int
    var width: Int
    var name = "x"
  }

  private static func pieces(_ maps: [EvaluationMap], _ position: inout Position) -> [Piece] {
    var pieces: [Piece] = []
    for (index, map) in maps.enumerated() {
      switch map {
      case .affine(let convolution):
        let map = AffineMap(convolution, norm(after: index, in: maps))
        pieces.append(.affine(map))
        position = Position(
          height: map.geometry.outputHeight, width: map.geometry.outputWidth, name: map.name)
      case .normalization:
        require(
          index > 0 && maps[index - 1].isAffine,
          "a batch norm after \(position.name), which is no affine map to merge it into")
      case .activation(let activation):
        pieces.append(.activation(name: "s(\(position.name))", activation.function))
      case .averagePooling:
        pieces.append(.averagePooling(positions: position.height * position.width))
        position = Position(height: 1, width: 1, name: "mean")
      case .maximumPooling(let size):
        pieces.append(.maximumPooling(size: size))
        position = Position(
          height: position.height / size, width: position.width / size, name: "max")
      case .residual(let branch, let shortcut):
        pieces.append(residual(branch, shortcut, &position))
      }
    }
    return pieces
  }

  private static func norm(after index: Int, in maps: [EvaluationMap]) -> BatchNorm? {
    guard index + 1 < maps.count, case .normalization(let norm) = maps[index + 1] else {
      return nil
    }
    return norm
  }

  private static func residual(
    _ branch: [EvaluationMap], _ shortcut: [EvaluationMap]?, _ position: inout Position
  ) -> Piece {
    let entering = position
    let branch = pieces(branch, &position)
    let shortcut = shortcut.map { maps in
      var beside = entering
      return pieces(maps, &beside)
    }
    // The names of the branch's modules are stage.block.module.part.
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

extension EvaluationMap {
  fileprivate var isAffine: Bool {
    if case .affine = self { true } else { false }
  }
}

extension Convolution2D {
  /// The name of the conv-BN block or the linear layer in the state dict.
  fileprivate var blockName: String {
    var name = weight.names[0][...]
    for suffix in [".parametrizations.weight.original", ".weight", ".conv"]
    where name.hasSuffix(suffix) {
      name = name.dropLast(suffix.count)
    }
    return String(name)
  }
}
