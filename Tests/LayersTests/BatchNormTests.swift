import InProcessRanks
import Layers
import MessagePassing
import RandomNumbers
import Tensors
import Testing

@Suite struct BatchNormTests {
  /// Samples 0 … 2 on rank 0, 3 and 4 on rank 1.
  private static let shares = [0..<3, 3..<5]
  private static let shape: Shape = [5, 2, 3, 4]

  /// Tensors that a rank's passes write.
  private struct Passes: Equatable, Sendable {
    var value: [Float] = []
    var gradient: [Float] = []
    var tangent: [Float] = []
    var gradientTangent: [Float] = []
  }

  private static func passes(
    _ share: Range<Int>, communicator: any Communicator, scope: BatchNormScope
  ) throws -> Passes {
    let channels = shape.channels
    let (plan, arena) = try Arena.plan { arena in
      let logLipschitz = Parameter(
        .logLipschitz, name: "log_lipschitz", shape: [], layout: .unchanged([]), isTrained: false)
      let layer = BatchNorm(
        channels: channels, constraint: .none, logLipschitz: logLipschitz, name: "",
        site: LayerSite(
          communicator: communicator, maximumSamples: share.count, slices: Slices(samples: 2),
          batchNormScope: scope, arena: arena))
      let edge = shape.withFirst(share.count)
      return (layer, arena.edge(edge, .second), arena.edge(edge, .second))
    }
    let (layer, x, y) = plan
    layer.runningVariance.fill(1)
    for (stream, tensor) in [x.value, x.tangent, y.gradient, y.gradientTangent].enumerated() {
      for (slot, sample) in share.enumerated() {
        var random = KeyedGenerator(
          seed: 3, purpose: .probe, a: UInt64(stream), b: UInt64(sample))
        random.fillNormal(tensor.slice(slot..<slot + 1).buffer, standardDeviation: 1)
      }
    }
    layer.forward(x, into: y, mode: .training)
    layer.backward(y, into: x, gradients: nil)
    layer.forwardTangent(x, into: y)
    layer.backwardTangent(y, into: x, gradients: nil)
    return withExtendedLifetime(arena) {
      Passes(
        value: Array(y.value.buffer), gradient: Array(x.gradient.buffer),
        tangent: Array(y.tangent.buffer), gradientTangent: Array(x.gradientTangent.buffer))
    }
  }

  @Test("with local statistics every pass of a rank depends on its share alone")
  func local() throws {
    let together = try InProcessCommunicator.run(ranks: 2) { communicator in
      try Self.passes(Self.shares[communicator.rank], communicator: communicator, scope: .local)
    }
    let alone = try Self.shares.map {
      try Self.passes($0, communicator: SoloCommunicator(), scope: .global)
    }
    #expect(together == alone)
  }
}
