import Kernels
import Layers
import MessagePassing
import Tensors

/// A network with its memory: edges, parameters in flat storage, and the sweeps over all layers.
///
/// Parameters lie contiguously in backward order, so that what a backward sweep has finished is a prefix
/// of ``gradients``. After them come ``counters``, floats that ride on the last bucket: a few, and one for each rank.
public final class Model {
  /// Counters of what all ranks' steps came to, the first ones of ``counters``; one per rank follows.
  public static let sharedCounterCount = 8

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

  /// Gradients and counters as sums that no order changes; only in the reproducible order, where
  /// `gradients` holds one slice's at a time until `readExactSums`.
  public let exactSums: ExactSums?

  /// The parameters that this rank refreshes and moves; all of them where it has them for itself.
  public let owned: [OwnedParameter]

  private let communicator: any Communicator
  private let arena: Arena
  /// Ranks that have the parameters in common, this one included.
  private let sharers: Int
  /// What this thread's plan takes, with its part of what the threads of its process have in common.
  public var memoryBytes: Int {
    arena.bytes(in: .own) + arena.bytes(in: .summed)
      + arena.bytes(in: .common) / (sharers > 1 ? communicator.threads : 1)
  }

  /// Takes the network's memory, a part of which threads, and ranks of a machine, have in common if the model is
  /// to be trained.
  ///
  /// That part is values, velocities, what is made of the values, and the vectors of power iterations. Rank 0
  /// sets them; ``broadcast(over:)`` follows.
  ///
  /// Collective where the model is to be trained.
  /// - Throws: ``ArenaError`` if the plan does not fit.
  public init(
    _ architecture: Architecture, _ configuration: ModelConfiguration,
    communicator: any Communicator
  ) throws {
    self.architecture = architecture
    self.configuration = configuration
    let sharers = configuration.trains ? communicator.sharers : 1
    let (plan, arena) = try Arena.plan(in: {
      try Model.makeBlock(region: $0, bytes: $1, sharers: sharers, communicator)
    }) {
      ModelPlan(architecture, configuration, communicator: communicator, arena: $0)
    }
    self.arena = arena
    self.communicator = communicator
    self.sharers = sharers
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
    exactSums = plan.exactSums
    owned = ParameterShares.of(
      sharer: sharers > 1 ? communicator.sharer : 0, of: sharers, plan.parameters,
      plan.reparameterizations)
  }

  /// Collective for memory that is summed or common.
  private static func makeBlock(
    region: Arena.Region, bytes: Int, sharers: Int, _ communicator: any Communicator
  ) throws -> MemoryBlock {
    switch region {
    case .summed:
      let memory = communicator.sharedMemory(bytes: bytes)
      let block =
        memory.map { MemoryBlock($0.base, bytes: bytes, of: $0) }
        ?? (try? MemoryBlock(bytes: bytes))
      // What others go on to make is collective, so nobody stops alone.
      var refusals: [Int64] = [block == nil ? 1 : 0]
      refusals.withUnsafeMutableBufferPointer { communicator.sum($0) }
      guard let block, refusals[0] == 0 else { throw ArenaError.outOfMemory(bytes: bytes) }
      return block
    case .common where sharers > communicator.threads:
      // All ranks get it, or none.
      guard let memory = communicator.commonMemory(bytes: bytes) else {
        throw ArenaError.outOfMemory(bytes: bytes)
      }
      return MemoryBlock(memory.common, bytes: bytes, of: memory)
    case .common where sharers > 1:
      return try communicator.oncePerProcess { try MemoryBlock(bytes: bytes) }
    case .common, .own:
      return try MemoryBlock(bytes: bytes)
    }
  }

  // MARK: - The sweeps

  /// Ŵ, β and γ from the values; in training the power iterations advance once.
  ///
  /// Collective over the ranks that have the parameters in common.
  public func refresh(_ mode: Mode) {
    // Another rank may be reading what the last refresh has made.
    meetSharers()
    for own in owned { own.reparameterization?.refresh(mode) }
    meetSharers()
    chain.refresh()
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
  ///
  /// `layerFinished` gets the chain's layers, whose gradients are then final; `written` is called more often,
  /// after every layer within blocks, for what is to go on beside the sweep.
  public func backward(
    _ samples: Int, writing weights: GradientWeights, written: (() -> Void)? = nil,
    layerFinished: (Int) -> Void
  ) {
    sweepBackward(samples, pass: .gradient, writing: weights, written: written, layerFinished)
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
  ///
  /// The input's own gradient tangent is written where the plan has one, for curvature.
  public func backwardTangent(
    _ samples: Int, writing weights: GradientWeights, written: (() -> Void)? = nil,
    layerFinished: (Int) -> Void
  ) {
    sweepBackward(
      samples, pass: .gradientTangent, writing: weights, written: written, layerFinished)
  }

  /// ∂L/∂effective ─▶ ∂L/∂value for all owned parameters, once, after reduction.
  public func pullBack() {
    for own in owned { own.pullBack() }
  }

  /// Lets `move` pull back and move each trained parameter, one after the other while the cache holds it.
  ///
  /// Collective over the ranks that have the parameters in common, each with its own of them.
  public func update(_ move: (OwnedParameter) -> Void) {
    for own in owned where own.parameter.isTrained { move(own) }
    meetSharers()
  }

  private func meetSharers() {
    if sharers > 1 { communicator.meetSharers() }
  }

  /// Running statistics take over what the last training forward pass staged.
  public func commit() { chain.commit() }

  /// Undoes what `refresh` advanced: the step was skipped.
  ///
  /// Collective over the ranks that have the parameters in common.
  public func restore() {
    for own in owned { own.reparameterization?.restore() }
    meetSharers()
  }

  private enum Pass { case gradient, gradientTangent }

  private func sweepBackward(
    _ samples: Int, pass: Pass, writing weights: GradientWeights?, written: (() -> Void)? = nil,
    _ layerFinished: (Int) -> Void
  ) {
    let x = input.prefix(samples)
    let y = logits.prefix(samples)
    let writer = weights.map {
      GradientWriter($0, slices: configuration.slices, exactSums: exactSums, written: written)
    }
    if weights != nil {
      for parameter in parameters { parameter.beginGradient() }
    }
    for layer in chain.layers.indices.reversed() {
      switch pass {
      case .gradient: chain.backward(layer: layer, y, into: x, writing: writer)
      case .gradientTangent: chain.backwardTangent(layer: layer, y, into: x, writing: writer)
      }
      if weights != nil { layerFinished(layer) }
    }
  }

  /// gradients and counters ← the exact sums, once they have been added over ranks.
  public func readExactSums() {
    guard let exactSums else { return }
    exactSums.read(into: gradients, from: 0)
    exactSums.readCounters(into: counters, from: gradients.count)
  }
}
