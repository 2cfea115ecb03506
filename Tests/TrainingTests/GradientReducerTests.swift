import InProcessRanks
import Kernels
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// One rank alone that notes which floats it is asked to sum.
private final class RecordingCommunicator: CommunicatorDecorator, @unchecked Sendable {
  let base: any Communicator = SoloCommunicator()
  private(set) var sums: [UnsafeMutableBufferPointer<Float>] = []
  private(set) var advances = 0
  private(set) var finishes = 0

  func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) { sums.append(buffer) }
  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) { sums.append(buffer) }
  func progress() { advances += 1 }
  func waitForAllreduces() { finishes += 1 }
  func duplicate() -> any Communicator { self }
}

@Suite struct GradientReducerTests {
  static let bucketBytes = [1, 64, 400, 2048, 1 << 30]

  private func model(
    _ network: SmallNetwork, _ communicator: any Communicator = SoloCommunicator()
  ) throws -> Model {
    try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: communicator)
  }

  @Test(
    "every float is summed exactly once and when it is final, the counters last",
    arguments: SmallNetwork.allCases,
    bucketBytes.flatMap { bytes in GradientPlan.Strategy.allCases.map { (bytes, $0) } })
  func plan(network: SmallNetwork, plan: (bytes: Int, strategy: GradientPlan.Strategy)) throws {
    let bucketBytes = plan.bytes
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    let communicator = RecordingCommunicator()
    let reducer = GradientReducer(
      model, communicator: communicator, bucketBytes: bucketBytes, strategy: plan.strategy)
    let start = model.reduceBuffer.pointer
    var next = 0
    /// Checks the sums since the last call: they go on where the one before ended.
    func check(upTo limit: Int, from count: Int) throws {
      for buffer in communicator.sums[count...] {
        let base = try #require(buffer.baseAddress)
        #expect(base - start == next)
        next += buffer.count
        #expect(next <= limit)
        if limit < model.reduceBuffer.count { #expect(buffer.count * 4 >= bucketBytes) }
      }
    }
    for layer in model.chain.layers.indices.reversed() {
      let count = communicator.sums.count
      reducer.blockFinished(layer)
      try check(upTo: model.readyCounts[layer], from: count)
    }
    let count = communicator.sums.count
    reducer.finish()
    try check(upTo: model.reduceBuffer.count, from: count)
    #expect(next == model.reduceBuffer.count)
    #expect((communicator.sums.last?.count ?? 0) >= Model.sharedCounterCount)
    #expect(communicator.sums.count == reducer.bucketCount)
    let polls = plan.strategy == .nonblocking ? model.chain.layers.count : 0
    #expect(communicator.advances == polls)
    #expect(communicator.finishes == (plan.strategy == .nonblocking ? 1 : 0))
  }

  @Test("larger buckets are fewer, and one bucket of everything is the last one")
  func bucketCounts() throws {
    let model = try model(.resNetLowCurvature)
    let counts = Self.bucketBytes.map {
      GradientReducer(model, communicator: SoloCommunicator(), bucketBytes: $0).bucketCount
    }
    #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(counts.first == model.chain.layers.count { !$0.parameters.isEmpty } + 1)
    #expect(counts.last == 1)
  }

  @Test("a reducer that is given another plan makes that plan's collectives")
  func use() throws {
    let model = try model(.resNetLowCurvature)
    let reducer = GradientReducer(model, communicator: SoloCommunicator(), bucketBytes: 1 << 30)
    let small = GradientPlan(.nonblocking, bucketMegabytes: 64 / 1_048_576)
    let expected = GradientReducer(model, communicator: SoloCommunicator(), bucketBytes: 64)
      .bucketCount
    #expect(reducer.bucketCount == 1 && reducer.bucketCount(by: small) == expected)
    reducer.use(small)
    #expect(reducer.bucketCount == expected && expected > 1)
  }

  @Test(
    "three ranks' gradients and counters become their plain sums", arguments: bucketBytes,
    GradientPlan.Strategy.allCases)
  func sums(bucketBytes: Int, strategy: GradientPlan.Strategy) throws {
    /// Small integers, whose float sums are exact.
    @Sendable func value(_ index: Int, rank: Int) -> Float {
      Float((index * 7 + rank * 5) % 101 - 50)
    }
    let wrong = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try model(.vggLowCurvature, communicator)
      defer { withExtendedLifetime(model) {} }
      let reducer = GradientReducer(
        model, communicator: communicator, bucketBytes: bucketBytes, strategy: strategy)
      for index in 0..<model.reduceBuffer.count {
        model.reduceBuffer[index] = value(index, rank: communicator.rank)
      }
      for layer in model.chain.layers.indices.reversed() { reducer.blockFinished(layer) }
      reducer.finish()
      return (0..<model.reduceBuffer.count).count { index in
        model.reduceBuffer[index] != (0..<3).reduce(0) { $0 + value(index, rank: $1) }
      }
    }
    #expect(wrong == [0, 0, 0], "wrong sums by rank")
  }

  /// The bits of rank 0's weights after two steps.
  private func trained(
    ranks: Int, order: SumOrder, strategy: GradientPlan.Strategy, bucketBytes: Int
  ) throws -> [UInt32] {
    useOneBLASThread()
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let architecture = try SmallNetwork.resNetLowCurvature.architecture()
      let model = try Model(
        architecture,
        ModelConfiguration(
          .training, maximumSamples: 6, slices: Slices(samples: 2), sumOrder: order),
        communicator: communicator)
      defer { withExtendedLifetime(model) {} }
      model.initialize(seed: 1)
      let step = TrainingStep(
        model, objective: Objective(beta: 1e-4, gamma: 1e-5),
        optimizer: SGD(momentum: 0.9, weightDecay: 5e-4), communicator: communicator,
        bucketBytes: bucketBytes, strategy: strategy)
      let samples = RandomSamples(architecture, count: 6, seed: 2)
      samples.withShare(rank: communicator.rank, of: ranks, granularity: 2) { batch in
        for _ in 0..<2 { #expect(step.run(batch, learningRate: 0.05).isApplied) }
      }
      return model.flatParameters.buffer.map(\.bitPattern)
    }[0]
  }

  @Test("both strategies train the same weights, to the bit", arguments: 1...4)
  func strategies(ranks: Int) throws {
    let blocking = try trained(
      ranks: ranks, order: .fastest, strategy: .blocking, bucketBytes: 1 << 30)
    for bytes in [1, 400] {
      let other = try trained(
        ranks: ranks, order: .fastest, strategy: .nonblocking, bucketBytes: bytes)
      #expect(other == blocking, "\(bytes) bytes")
    }
  }

  @Test("in the reproducible order they do so on any number of ranks", arguments: 1...4)
  func reproducibleStrategies(ranks: Int) throws {
    let alone = try trained(
      ranks: 1, order: .reproducible, strategy: .blocking, bucketBytes: 1 << 30)
    for strategy in GradientPlan.Strategy.allCases {
      let found = try trained(
        ranks: ranks, order: .reproducible, strategy: strategy, bucketBytes: 400)
      #expect(found == alone, "\(strategy)")
    }
  }
}
