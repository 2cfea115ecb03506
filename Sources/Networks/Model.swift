import Layers
import MessagePassing
import Tensors

/// A network with its memory: edges, parameters in flat storage, and the sweeps over all layers.
///
/// Parameters lie contiguously in backward order, so that what a backward sweep has finished is a prefix
/// of ``gradients``. After them come ``counters``, a few floats that ride on the last bucket.
public final class Model {
  /// Floats behind the gradients that are summed over ranks with them.
  public static let counterCount = 8

  public let architecture: Architecture
  public let configuration: ModelConfiguration
  public let input: Activation
  public let logits: Activation
  public let chain: Chain
  /// Every parameter once, trained ones first and in backward order.
  public let parameters: [Parameter]
  public let state: [StateTensor]
  public let reparameterizations: [any Reparameterization]
  /// All trained values, gradients and velocities; the gradients are followed by the counters.
  public let values: Tensor
  public let gradients: Tensor
  public let velocities: Tensor
  public let counters: Tensor
  /// Gradients and counters as one, for the reduction over ranks.
  public let summed: Tensor
  /// The trained parameters, in backward order.
  public let trained: [Parameter]
  /// `finished[k]`: how many floats of `gradients` are final once layer k has written.
  public let finished: [Int]

  private let arena: Arena
  /// What the whole plan takes.
  public var memoryBytes: Int { arena.bytes }

  /// - Throws: ``ArenaError`` if the plan does not fit.
  public init(
    _ architecture: Architecture, _ configuration: ModelConfiguration,
    communicator: any Communicator
  ) throws {
    self.architecture = architecture
    self.configuration = configuration
    let (plan, arena) = try Arena.plan {
      ModelPlan(architecture, configuration, communicator: communicator, arena: $0)
    }
    self.arena = arena
    input = plan.input
    logits = plan.logits
    chain = plan.chain
    parameters = plan.parameters
    state = plan.state
    reparameterizations = plan.reparameterizations
    values = plan.values
    gradients = plan.gradients
    velocities = plan.velocities
    counters = plan.counters
    summed = plan.summed
    trained = plan.parameters.filter(\.isTrained)
    finished = plan.finished
  }

  // MARK: - The sweeps

  /// Ŵ, β and γ from the values; in training the power iterations advance once.
  public func refresh(_ mode: Mode) {
    for reparameterization in reparameterizations { reparameterization.refresh(mode) }
  }

  /// input.value ─▶ logits.value, on the first `samples` samples.
  public func forward(_ samples: Int, mode: Mode) {
    chain.forward(input.prefix(samples), into: logits.prefix(samples), mode: mode)
  }

  /// logits.gradient ─▶ input.gradient (where the plan has one), data gradients only.
  public func backward(_ samples: Int) {
    sweepBackward(samples, pass: .gradient, writing: nil) { _ in }
  }

  /// The same, and each layer's parameter gradients as soon as it has been passed.
  public func backward(
    _ samples: Int, writing weights: GradientWeights, layerFinished: (Int) -> Void
  ) {
    sweepBackward(samples, pass: .gradient, writing: weights, layerFinished)
  }

  /// input.tangent ─▶ logits.tangent.
  public func forwardTangent(_ samples: Int) {
    chain.forwardTangent(input.prefix(samples), into: logits.prefix(samples))
  }

  /// logits.gradientTangent ─▶ input.gradientTangent, the Hessian-vector product.
  public func backwardTangent(_ samples: Int) {
    sweepBackward(samples, pass: .gradientTangent, writing: nil) { _ in }
  }

  /// logits.gradientTangent ─▶ all layers, each writing its parameter gradients as it is passed.
  public func backwardTangent(
    _ samples: Int, writing weights: GradientWeights, layerFinished: (Int) -> Void
  ) {
    sweepBackward(samples, pass: .gradientTangent, writing: weights, layerFinished)
  }

  /// ∂L/∂effective ─▶ ∂L/∂value, once, after reduction.
  public func pullBack() {
    for reparameterization in reparameterizations where reparameterization.parameter.isTrained {
      reparameterization.pullBack()
    }
  }

  /// Running statistics take over what the last training forward pass staged.
  public func commit() { chain.commit() }

  /// Undoes what `refresh` advanced: the step was skipped.
  public func restore() {
    for reparameterization in reparameterizations { reparameterization.restore() }
  }

  private enum Pass { case gradient, gradientTangent }

  private func sweepBackward(
    _ samples: Int, pass: Pass, writing weights: GradientWeights?, _ layerFinished: (Int) -> Void
  ) {
    let x = input.prefix(samples)
    let y = logits.prefix(samples)
    if weights != nil {
      for parameter in parameters { parameter.beginGradient() }
    }
    for layer in chain.layers.indices.reversed() {
      // Nobody reads the network's own input gradients while a penalty's parameter gradients are written.
      let reachesInput = layer == 0
      switch pass {
      case .gradient where !reachesInput || x.gradient.isPresent:
        chain.backward(layer: layer, y, into: x)
      case .gradientTangent where !reachesInput || weights == nil:
        chain.backwardTangent(layer: layer, y, into: x)
      default:
        break
      }
      if let weights {
        chain.writeGradient(layer: layer, x, y, samples: 0..<samples, weights: weights)
        layerFinished(layer)
      }
    }
  }
}
