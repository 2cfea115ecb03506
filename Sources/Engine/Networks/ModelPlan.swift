import Kernels
import Layers
import MessagePassing
import Tensors

/// The parts of a ``Model`` that lie in its arena.
struct ModelPlan {
  let input: Edge
  let logits: Edge
  let chain: Chain
  let parameters: [Parameter]
  let state: [StateTensor]
  let reparameterizations: [any Reparameterization]
  let flatParameters: Tensor
  let gradients: Tensor
  let momentumBuffers: Tensor
  let counters: Tensor
  let reduceBuffer: Tensor
  let readyCounts: [Int]
  let exactSums: ExactSums?

  init(
    _ architecture: Architecture, _ configuration: ModelConfiguration,
    communicator: any Communicator, arena: Arena
  ) {
    let site = configuration.site(communicator: communicator, arena: arena)
    let builder = NetworkBuilder(
      architecture: architecture, configuration: configuration, site: site)
    let network = builder.build()
    chain = builder.chain(network)
    site.workspace.place(in: arena)
    input = ModelPlan.inputEdge(builder.inputShape, configuration, arena)
    logits = arena.edge(network.output, configuration.derivatives)
    reparameterizations = chain.reparameterizations
    state = chain.state + reparameterizations.flatMap(\.state)

    let order = ModelPlan.backwardOrder(chain)
    parameters = order.parameters
    readyCounts = order.readyCounts
    let count = order.readyCounts[0]
    let counterCount = Model.sharedCounterCount + communicator.size
    flatParameters = arena.tensor(Shape(length: count), in: .shared)
    // In the reproducible order the exact sums are reduced over ranks instead.
    reduceBuffer = arena.tensor(
      Shape(length: count + counterCount),
      in: configuration.sumOrder == .reproducible ? .local : .reduced, if: configuration.trains)
    gradients = reduceBuffer.isPresent ? reduceBuffer.prefix(count) : .absent(Shape(length: count))
    counters =
      reduceBuffer.isPresent
      ? reduceBuffer.slice(count..<count + counterCount)
      : .absent(Shape(length: counterCount))
    exactSums =
      configuration.trains && configuration.sumOrder == .reproducible
      ? ExactSums(count: count + counterCount, arena: arena, in: .reduced) : nil
    momentumBuffers = arena.tensor(Shape(length: count), in: .shared, if: configuration.trains)
    place(arena)
  }

  /// The input's edge: the data, and the derivatives that the purpose needs.
  private static func inputEdge(
    _ shape: Shape, _ configuration: ModelConfiguration, _ arena: Arena
  ) -> Edge {
    let derivatives = configuration.derivatives
    return Edge(
      value: arena.tensor(shape),
      gradient: arena.tensor(
        shape, if: derivatives >= .first && configuration.purpose != .training),
      tangent: arena.tensor(shape, if: derivatives >= .second),
      gradientTangent: arena.tensor(shape, if: configuration.purpose == .curvature))
  }

  /// Every parameter once, and for each block the number of gradients that are final after it.
  ///
  /// Trained parameters come first, in the order in which a backward sweep finishes their
  /// gradients: a shared parameter where the last of its layers has written.
  private static func backwardOrder(
    _ chain: Chain
  ) -> (parameters: [Parameter], readyCounts: [Int]) {
    var trained: [Parameter] = []
    var untrained: [Parameter] = []
    var readyCounts = [Int](repeating: 0, count: chain.layers.count)
    var firstUse: [ObjectIdentifier: Int] = [:]
    for (index, layer) in chain.layers.enumerated() {
      for parameter in layer.parameters where firstUse[ObjectIdentifier(parameter)] == nil {
        firstUse[ObjectIdentifier(parameter)] = index
      }
    }
    var floats = 0
    for index in chain.layers.indices.reversed() {
      for parameter in chain.layers[index].parameters.reversed()
      where firstUse[ObjectIdentifier(parameter)] == index {
        firstUse[ObjectIdentifier(parameter)] = nil
        if parameter.isTrained {
          trained.append(parameter)
          floats += parameter.shape.count
        } else {
          untrained.append(parameter)
        }
      }
      readyCounts[index] = floats
    }
    return (trained + untrained, readyCounts)
  }

  private func place(_ arena: Arena) {
    var start = 0
    for parameter in parameters {
      let count = parameter.shape.count
      guard parameter.isTrained else {
        let absent = Tensor.absent(Shape(length: count))
        parameter.place(
          value: arena.tensor(Shape(length: count), in: .shared), gradient: absent,
          momentumBuffer: absent
        )
        continue
      }
      let range = start..<start + count
      parameter.place(
        value: flatParameters.slice(range), gradient: gradients.slice(range),
        momentumBuffer: momentumBuffers.slice(range), offset: start)
      start += count
    }
  }
}
