import Kernels
import Layers
import MessagePassing
import Tensors

/// Everything of a ``Model`` that lives in its arena.
struct ModelPlan {
  let input: Activation
  let logits: Activation
  let chain: Chain
  let parameters: [Parameter]
  let state: [StateTensor]
  let reparameterizations: [any Reparameterization]
  let values: Tensor
  let gradients: Tensor
  let velocities: Tensor
  let counters: Tensor
  let summed: Tensor
  let finished: [Int]
  let exactSums: ExactSums?

  init(
    _ architecture: Architecture, _ configuration: ModelConfiguration,
    communicator: any Communicator, arena: Arena
  ) {
    let workspace = Workspace()
    let builder = NetworkBuilder(
      architecture: architecture, configuration: configuration, communicator: communicator,
      workspace: workspace, arena: arena)
    let network = builder.build()
    chain = builder.chain(network)
    workspace.place(in: arena)
    input = ModelPlan.inputEdge(builder.inputShape, configuration, arena)
    logits = arena.activation(network.output, configuration.derivatives)
    reparameterizations = chain.reparameterizations
    state = chain.state + reparameterizations.flatMap(\.state)

    let order = ModelPlan.backwardOrder(chain)
    parameters = order.parameters
    finished = order.finished
    let count = order.finished[0]
    let counterCount = Model.sharedCounterCount + communicator.size
    values = arena.tensor(Shape(length: count), in: .common)
    // In the reproducible order it is the exact sums that are summed over ranks.
    summed = arena.tensor(
      Shape(length: count + counterCount),
      in: configuration.sumOrder == .reproducible ? .own : .summed, if: configuration.trains)
    gradients = summed.isPresent ? summed.prefix(count) : .absent(Shape(length: count))
    counters =
      summed.isPresent
      ? summed.slice(count..<count + counterCount)
      : .absent(Shape(length: counterCount))
    exactSums =
      configuration.trains && configuration.sumOrder == .reproducible
      ? ExactSums(count: count + counterCount, arena: arena, in: .summed) : nil
    velocities = arena.tensor(Shape(length: count), in: .common, if: configuration.trains)
    place(arena)
  }

  /// The input's edge: data, and the derivatives with respect to it that the purpose asks for.
  private static func inputEdge(
    _ shape: Shape, _ configuration: ModelConfiguration, _ arena: Arena
  ) -> Activation {
    let derivatives = configuration.derivatives
    return Activation(
      value: arena.tensor(shape),
      gradient: arena.tensor(
        shape, if: derivatives >= .first && configuration.purpose != .training),
      tangent: arena.tensor(shape, if: derivatives >= .second),
      gradientTangent: arena.tensor(shape, if: configuration.purpose == .curvature))
  }

  /// Every parameter once: trained ones where their last owner in a backward sweep has written, then the
  /// others; and for each layer how many floats are final after it.
  private static func backwardOrder(
    _ chain: Chain
  ) -> (parameters: [Parameter], finished: [Int]) {
    var trained: [Parameter] = []
    var untrained: [Parameter] = []
    var finished = [Int](repeating: 0, count: chain.layers.count)
    var firstOwner: [ObjectIdentifier: Int] = [:]
    for (index, layer) in chain.layers.enumerated() {
      for parameter in layer.parameters where firstOwner[ObjectIdentifier(parameter)] == nil {
        firstOwner[ObjectIdentifier(parameter)] = index
      }
    }
    var floats = 0
    for index in chain.layers.indices.reversed() {
      for parameter in chain.layers[index].parameters.reversed()
      where firstOwner[ObjectIdentifier(parameter)] == index {
        firstOwner[ObjectIdentifier(parameter)] = nil
        if parameter.isTrained {
          trained.append(parameter)
          floats += parameter.shape.count
        } else {
          untrained.append(parameter)
        }
      }
      finished[index] = floats
    }
    return (trained + untrained, finished)
  }

  private func place(_ arena: Arena) {
    var start = 0
    for parameter in parameters {
      let count = parameter.shape.count
      guard parameter.isTrained else {
        let absent = Tensor.absent(Shape(length: count))
        parameter.place(
          value: arena.tensor(Shape(length: count), in: .common), gradient: absent, velocity: absent
        )
        continue
      }
      let range = start..<start + count
      parameter.place(
        value: values.slice(range), gradient: gradients.slice(range),
        velocity: velocities.slice(range), offset: start)
      start += count
    }
  }
}
