import Kernels
import Layers
import MessagePassing
import Tensors

/// A network with its memory: edges, parameters in flat storage, and the sweeps over all layers.
///
/// Parameters lie contiguously in backward order, so that the finished gradients of a backward
/// sweep are always a prefix of ``gradients``. The ``counters`` follow them and ride on the last
/// bucket.
public final class Model {
  /// The counters that all ranks add to, at the start of ``counters``; one counter per rank
  /// follows.
  public static let sharedCounterCount = 18

  public let architecture: Architecture
  public let configuration: ModelConfiguration
  public let input: Edge
  public let logits: Edge
  public let chain: Chain
  /// Every parameter once, trained ones first and in backward order.
  public let parameters: [Parameter]
  public let state: [StateTensor]
  public let reparameterizations: [any Reparameterization]
  /// The values of all trained parameters, in backward order.
  public let flatParameters: Tensor
  /// The gradients and momentum buffers of all trained parameters, in the order of their values.
  public let gradients: Tensor
  public let momentumBuffers: Tensor
  public let counters: Tensor
  /// ``gradients`` and ``counters`` as one buffer, for the reduction over ranks.
  public let reduceBuffer: Tensor
  /// The trained parameters, in backward order.
  public let trained: [Parameter]
  /// `readyCounts[k]`: how many floats of ``gradients`` are final once block k of the chain has
  /// written.
  public let readyCounts: [Int]

  /// Exact sums of gradients and counters, in the reproducible order only.
  ///
  /// ``gradients`` then holds one slice's contribution at a time, until ``readExactSums()``.
  public let exactSums: ExactSums?

  /// The parameters that this rank refreshes and moves; all of them if no other rank shares them.
  public let assigned: [AssignedParameter]

  /// Observes every sweep block by block, if set.
  public var probe: (any SweepProbe)?

  private let communicator: any Communicator
  private let arena: Arena
  /// The number of ranks that share the parameters, this one included.
  private let nodeSize: Int
  /// Whether no rank before this one shares its parameters.
  var isFirstOfNode: Bool { nodeSize == 1 || communicator.node.rank == 0 }
  /// Bytes of this thread's plan, with its part of the memory that the threads of a process share.
  public var memoryBytes: Int {
    arena.bytes(in: .local) + arena.bytes(in: .reduced)
      + arena.bytes(in: .shared) / (nodeSize > 1 ? communicator.node.threads : 1)
  }

  /// A snapshot for the time between a backward sweep and a forward tangent sweep: with it, sweeps
  /// at another point may come between the two.
  ///
  /// Parameters and their gradients are not part of it.
  /// - Throws: ``ArenaError`` if the copy does not fit.
  public func snapshotBeforeTangents() throws(ArenaError) -> ArenaSnapshot {
    try ArenaSnapshot(arena, at: Timeline.endOfBackward)
  }

  /// Builds the network and takes its memory.
  ///
  /// Threads, and ranks of a node, share the parameters of a model that is trained: values,
  /// momentum buffers, effective values and the vectors of power iterations. Rank 0 sets them;
  /// ``broadcast(over:)`` follows.
  ///
  /// Collective for a model that is trained.
  /// - Throws: ``ArenaError`` if the plan does not fit.
  public init(
    _ architecture: Architecture, _ configuration: ModelConfiguration,
    communicator: any Communicator
  ) throws {
    self.architecture = architecture
    self.configuration = configuration
    let nodeSize = configuration.trains ? communicator.node.size : 1
    let (plan, arena) = try Arena.plan(in: {
      try Model.makeBlock(region: $0, bytes: $1, nodeSize: nodeSize, communicator)
    }) {
      ModelPlan(architecture, configuration, communicator: communicator, arena: $0)
    }
    self.arena = arena
    self.communicator = communicator
    self.nodeSize = nodeSize
    input = plan.input
    logits = plan.logits
    chain = plan.chain
    parameters = plan.parameters
    state = plan.state
    reparameterizations = plan.reparameterizations
    flatParameters = plan.flatParameters
    gradients = plan.gradients
    momentumBuffers = plan.momentumBuffers
    counters = plan.counters
    reduceBuffer = plan.reduceBuffer
    trained = plan.parameters.filter(\.isTrained)
    readyCounts = plan.readyCounts
    exactSums = plan.exactSums
    assigned = AssignedParameter.share(
      nodeRank: nodeSize > 1 ? communicator.node.rank : 0, of: nodeSize, plan.parameters,
      plan.reparameterizations)
  }

  /// Collective for the reduced and the shared region.
  private static func makeBlock(
    region: Arena.Region, bytes: Int, nodeSize: Int, _ communicator: any Communicator
  ) throws -> MemoryBlock {
    switch region {
    case .reduced:
      let memory = communicator.reductionMemory(bytes: bytes)
      let block =
        memory.map { MemoryBlock($0.base, bytes: bytes, of: $0) }
        ?? (try? MemoryBlock(bytes: bytes))
      // The next region is collective again, so a rank must not throw alone.
      var refusals: [Int64] = [block == nil ? 1 : 0]
      refusals.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      guard let block, refusals[0] == 0 else { throw ArenaError.outOfMemory(bytes: bytes) }
      return block
    case .shared where nodeSize > communicator.node.threads:
      // All ranks get it, or none.
      guard let memory = communicator.nodeMemory(bytes: bytes) else {
        throw ArenaError.outOfMemory(bytes: bytes)
      }
      return MemoryBlock(memory.common, bytes: bytes, of: memory)
    case .shared where nodeSize > 1:
      return try communicator.oncePerProcess { try MemoryBlock(bytes: bytes) }
    case .shared, .local:
      return try MemoryBlock(bytes: bytes)
    }
  }

  // MARK: - The sweeps

  /// Computes Ŵ, β and γ from the values; in training the power iterations advance once.
  ///
  /// Collective over the ranks that share the parameters.
  public func refresh(_ mode: Mode) {
    // Another rank may still read the effective values of the last refresh.
    nodeBarrier()
    for parameter in assigned { parameter.reparameterization?.refresh(mode) }
    nodeBarrier()
    chain.refresh()
  }

  /// input.value ─▶ logits.value, for the first `samples` samples.
  public func forward(_ samples: Int, mode: Mode) {
    let (x, y) = (input.prefix(samples), logits.prefix(samples))
    for block in chain.layers.indices {
      observed(.forward, block) { chain.forward(layer: block, x, into: y, mode: mode) }
    }
  }

  /// logits.gradient ─▶ input.gradient (where the plan has one), data gradients only.
  public func backward(_ samples: Int) {
    sweepBackward(samples, sweep: .backward, gradients: nil) { _ in }
  }

  /// logits.gradient ─▶ input.gradient (where the plan has one), and all parameter gradients.
  ///
  /// - Parameters:
  ///   - onLayer: called after each layer has written its gradients, layers within blocks included.
  ///   - onBlock: called with the index of a block of the chain once its gradients are final.
  public func backward(
    _ samples: Int, gradients weights: GradientWeights, onLayer: (() -> Void)? = nil,
    onBlock: (Int) -> Void
  ) {
    sweepBackward(samples, sweep: .backward, gradients: weights, onLayer: onLayer, onBlock)
  }

  /// input.tangent ─▶ logits.tangent.
  public func forwardTangent(_ samples: Int) {
    let (x, y) = (input.prefix(samples), logits.prefix(samples))
    for block in chain.layers.indices {
      observed(.forwardTangent, block) { chain.forwardTangent(layer: block, x, into: y) }
    }
  }

  /// logits.gradientTangent ─▶ input.gradientTangent, the Hessian-vector product.
  public func backwardTangent(_ samples: Int) {
    sweepBackward(samples, sweep: .backwardTangent, gradients: nil) { _ in }
  }

  /// logits.gradientTangent ─▶ input.gradientTangent (where the plan has one), and all parameter
  /// gradients.
  ///
  /// - Parameters:
  ///   - onLayer: called after each layer has written its gradients, layers within blocks included.
  ///   - onBlock: called with the index of a block of the chain once its gradients are final.
  public func backwardTangent(
    _ samples: Int, gradients weights: GradientWeights, onLayer: (() -> Void)? = nil,
    onBlock: (Int) -> Void
  ) {
    sweepBackward(samples, sweep: .backwardTangent, gradients: weights, onLayer: onLayer, onBlock)
  }

  /// ∂L/∂effective ─▶ ∂L/∂value for all assigned parameters, once, after reduction.
  public func pullBack() {
    for parameter in assigned { parameter.pullBack() }
  }

  /// Lets `move` pull back and move each assigned parameter that is trained, while the cache holds
  /// it.
  ///
  /// Collective over the ranks that share the parameters.
  public func update(_ move: (AssignedParameter) -> Void) {
    for assignment in assigned where assignment.parameter.isTrained { move(assignment) }
    nodeBarrier()
  }

  private func nodeBarrier() {
    if nodeSize > 1 { communicator.nodeBarrier() }
  }

  /// Takes over the batch statistics that the last training forward pass has staged.
  public func commit() { chain.commit() }

  /// Undoes the power iterations of the last `refresh`, for a step that is skipped.
  ///
  /// Collective over the ranks that share the parameters.
  public func restore() {
    for parameter in assigned { parameter.reparameterization?.restore() }
    nodeBarrier()
  }

  private func sweepBackward(
    _ samples: Int, sweep: Sweep, gradients weights: GradientWeights?,
    onLayer: (() -> Void)? = nil, _ onBlock: (Int) -> Void
  ) {
    let x = input.prefix(samples)
    let y = logits.prefix(samples)
    let writer = weights.map {
      GradientWriter($0, slices: configuration.slices, exactSums: exactSums, onLayer: onLayer)
    }
    if weights != nil {
      for parameter in parameters { parameter.beginGradient() }
    }
    for block in chain.layers.indices.reversed() {
      observed(sweep, block) {
        if sweep == .backward {
          chain.backward(layer: block, y, into: x, gradients: writer)
        } else {
          chain.backwardTangent(layer: block, y, into: x, gradients: writer)
        }
      }
      if weights != nil { onBlock(block) }
    }
  }

  private func observed(_ sweep: Sweep, _ block: Int, _ pass: () -> Void) {
    probe?.begin(sweep, block: block)
    pass()
    probe?.end(sweep, block: block)
  }

  /// gradients and counters ← the exact sums, after their reduction over ranks.
  public func readExactSums() {
    guard let exactSums else { return }
    exactSums.read(into: gradients, from: 0)
    exactSums.readCounters(into: counters, from: gradients.count)
  }
}
