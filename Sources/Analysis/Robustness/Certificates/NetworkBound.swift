import Curvature
import Failures
import Networks
import Tensors

/// Guarantees for a network in evaluation mode over the whole input space.
///
/// The bounds hold for the network in exact arithmetic, at its present weights and running
/// statistics. Bounds of gradients and Hessians are L2 norms in units of pixels from 0 to 1.
public struct NetworkBound: Sendable, Equatable {
  /// One layer, with the constants of the network from its input up to and including the layer.
  public struct LayerBound: Sendable, Equatable {
    /// The layer's name in the state dict; s(·) for an activation.
    public let name: String
    public let kind: String
    /// The norms of an affine layer.
    public let norms: LayerNorms?
    public let beta: Double?
    public let gamma: Double?
    /// The Lipschitz constant L up to here.
    public let lipschitz: Double
    /// The Jacobian-Lipschitz constant L_D up to here; nil after a maximum pooling or a ReLU.
    public let jacobianLipschitz: Double?
    /// Cᵢ·Πⱼ≤ᵢ ‖Wⱼ‖ of an activation, if the network has a surrogate.
    public fileprivate(set) var surrogateTerm: Double?
  }

  /// Bounds of ‖∇f‖ and of ‖∇²f‖; the second is nil if it does not exist.
  public struct Constants: Sendable, Equatable {
    public let gradient: Double
    public let hessian: Double?
  }

  public let layers: [LayerBound]
  /// The paper's data-free surrogate, not a true bound; nil if there is an obstacle.
  public let surrogate: Double?
  /// The reason why there is no surrogate.
  public let surrogateObstacle: CurvatureBound.Obstacle?
  /// The first layer after which no Jacobian-Lipschitz constant exists.
  public var firstJump: LayerBound? { layers.first { $0.jacobianLipschitz == nil } }

  /// The constants of the map from the input to the last linear layer.
  private let features: LipschitzConstants
  private let classes: Int
  /// ‖w_a − w_b‖₂ of the last linear layer's rows, [classes, classes], rounded up.
  private let distances: [Double]
  private let largestDistance: Double

  /// - Parameter model: the refreshed model whose `norms` were measured.
  public init(_ model: Model, norms: [LayerNorms]) {
    let network = EvaluationNetwork(model)
    guard case .affine(let last) = network.pieces.last else {
      unreachable("a network that does not end in a linear layer")
    }
    require(
      norms.count == network.affineMaps.count,
      "norms of \(norms.count) layers for \(network.affineMaps.count)")
    var recursion = Recursion(norms: norms)
    features = recursion.append(network.pieces.dropLast(), to: .identity).roundedUp
    _ = recursion.append(network.pieces.suffix(1), to: features)
    var layers = recursion.layers
    let terms = CurvatureBound.surrogateTerms(model)
    let activations = layers.indices.filter { layers[$0].beta != nil }
    for (index, term) in zip(activations, terms ?? []) { layers[index].surrogateTerm = term }
    self.layers = layers
    surrogate = terms.map { $0.reduce(0, +) }
    surrogateObstacle = CurvatureBound.obstacle(model.architecture.variant)
    classes = last.geometry.outputChannels
    distances = Self.distances(last.weight(), classes: classes)
    largestDistance = distances.max() ?? 0
  }

  /// The bounds of f at any point, for every label.
  ///
  /// With D = max ‖w_a − w_b‖ over pairs of classes, a margin's gradient in the features is a
  /// difference of two rows. The loss's is Σ p_a·(w_a − w_y), of length at most D; and dᵀ∇²ℓ·d
  /// through the last layer is the variance of the w_a·d under p, at most D²/4 by Popoviciu. As
  /// ‖w_a − w_b‖ ≤ √2·‖W‖, these are at least as tight as √2·‖W‖ and ½·‖W‖².
  public func constants(of function: ScalarFunction) -> Constants {
    let slope = largestDistance
    let gradient = slope * features.lipschitz
    let linear = features.jacobian.map { slope * $0 }
    switch function {
    case .margin: return Constants(gradient: gradient, hessian: linear)
    case .loss:
      return Constants(gradient: gradient, hessian: linear.map { $0 + gradient * gradient / 4 })
    }
  }

  /// The bounds of z_a − z_b.
  public func margin(_ a: Int, _ b: Int) -> Constants {
    let slope = distances[a * classes + b]
    return Constants(
      gradient: slope * features.lipschitz, hessian: features.jacobian.map { slope * $0 })
  }

  private static func distances(_ weight: [Double], classes: Int) -> [Double] {
    var squares = [Double](repeating: 0, count: classes * classes)
    for row in stride(from: 0, to: weight.count, by: classes) {
      for a in 0..<classes {
        for b in 0..<classes {
          let difference = weight[row + a] - weight[row + b]
          squares[a * classes + b] += difference * difference
        }
      }
    }
    let rounding = 1 + (Double(weight.count) / Double(classes) + 2) * .ulpOfOne
    return squares.map { $0.squareRoot() * rounding }
  }
}

/// A walk through a network, which consumes the norms of its affine maps in order.
private struct Recursion {
  private(set) var layers: [NetworkBound.LayerBound] = []
  private var norms: ArraySlice<LayerNorms>

  init(norms: [LayerNorms]) { self.norms = norms[...] }

  mutating func append(
    _ pieces: some Collection<EvaluationNetwork.Piece>, to start: LipschitzConstants
  ) -> LipschitzConstants {
    var constants = start
    for piece in pieces {
      switch piece {
      case .affine(let map):
        let layerNorms = norms.removeFirst()
        constants = constants.mapped(layerNorms)
        let geometry = map.geometry
        let kind =
          geometry.isMatrix
          ? "linear \(geometry.patch)→\(geometry.outputChannels)"
          : "conv \(geometry.kernelHeight)×\(geometry.kernelWidth)/\(geometry.stride) "
            + "\(geometry.inputChannels)→\(geometry.outputChannels)"
        record(map.name, kind, constants, norms: layerNorms, gamma: map.gamma)
      case .activation(let name, let function):
        constants = constants.activated(
          slope: function.largestSlope, curvature: function.largestCurvature)
        record(name, function.name, constants, beta: function.softplusBeta.map { Double($0) })
      case .averagePooling(let positions):
        constants = constants.averaged(over: positions)
        record("mean", "average pooling", constants)
      case .maximumPooling(let size):
        constants = constants.maximized()
        record("max", "maximum pooling \(size)×\(size)", constants)
      case .residual(let name, let branch, let shortcut):
        let entering = constants.scaled(by: 0.5.squareRoot())
        let first = append(branch, to: entering)
        let second = shortcut.map { append($0, to: entering) } ?? entering
        constants = (first + second).scaled(by: 0.5)
        record(name, "residual sum", constants)
      }
    }
    return constants
  }

  private mutating func record(
    _ name: String, _ kind: String, _ constants: LipschitzConstants, norms: LayerNorms? = nil,
    beta: Double? = nil, gamma: Double? = nil
  ) {
    layers.append(
      NetworkBound.LayerBound(
        name: name, kind: kind, norms: norms, beta: beta, gamma: gamma,
        lipschitz: constants.lipschitz, jacobianLipschitz: constants.jacobian, surrogateTerm: nil))
  }
}
