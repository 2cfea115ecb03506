import MessagePassing
import Networks
import TestSupport
import Testing
import Training

/// One rank alone that notes which floats it is asked to sum.
private final class RecordingCommunicator: Communicator, @unchecked Sendable {
  let rank = 0
  let size = 1
  private(set) var sums: [UnsafeMutableBufferPointer<Float>] = []

  func sum(_ buffer: UnsafeMutableBufferPointer<Float>) { sums.append(buffer) }
  func sum(_ buffer: UnsafeMutableBufferPointer<Double>) {}
  func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) {}
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {}
  func barrier() {}
  func duplicate() -> any Communicator { self }
  func abort(code: Int32) -> Never { fatalError("aborted with \(code)") }
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
    arguments: SmallNetwork.allCases, bucketBytes)
  func plan(network: SmallNetwork, bucketBytes: Int) throws {
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    let communicator = RecordingCommunicator()
    let reducer = GradientReducer(model, communicator: communicator, bucketBytes: bucketBytes)
    let start = model.summed.pointer
    var next = 0
    /// Checks the sums since the last call: they go on where the one before ended.
    func check(upTo limit: Int, from count: Int) throws {
      for buffer in communicator.sums[count...] {
        let base = try #require(buffer.baseAddress)
        #expect(base - start == next)
        next += buffer.count
        #expect(next <= limit)
        if limit < model.summed.count { #expect(buffer.count * 4 >= bucketBytes) }
      }
    }
    for layer in model.chain.layers.indices.reversed() {
      let count = communicator.sums.count
      reducer.layerFinished(layer)
      try check(upTo: model.finished[layer], from: count)
    }
    let count = communicator.sums.count
    reducer.finish()
    try check(upTo: model.summed.count, from: count)
    #expect(next == model.summed.count)
    #expect((communicator.sums.last?.count ?? 0) >= Model.counterCount)
    #expect(communicator.sums.count == reducer.bucketCount)
  }

  @Test("larger buckets are fewer, and one bucket of everything is the last one")
  func bucketCounts() throws {
    let model = try model(.resNetLowCurvature)
    let counts = Self.bucketBytes.map {
      GradientReducer(model, communicator: SoloCommunicator(), bucketBytes: $0).bucketCount
    }
    print("buckets of \(Self.bucketBytes) bytes: \(counts)")
    #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(counts.first == model.chain.layers.count { !$0.parameters.isEmpty } + 1)
    #expect(counts.last == 1)
  }

  @Test("three ranks' gradients and counters become their plain sums", arguments: bucketBytes)
  func sums(bucketBytes: Int) throws {
    /// Small integers, whose float sums are exact.
    @Sendable func value(_ index: Int, rank: Int) -> Float {
      Float((index * 7 + rank * 5) % 101 - 50)
    }
    let wrong = try ThreadCommunicator.run(ranks: 3) { communicator in
      let model = try model(.vggLowCurvature, communicator)
      defer { withExtendedLifetime(model) {} }
      let reducer = GradientReducer(model, communicator: communicator, bucketBytes: bucketBytes)
      for index in 0..<model.summed.count {
        model.summed[index] = value(index, rank: communicator.rank)
      }
      for layer in model.chain.layers.indices.reversed() { reducer.layerFinished(layer) }
      reducer.finish()
      return (0..<model.summed.count).count { index in
        model.summed[index] != (0..<3).reduce(0) { $0 + value(index, rank: $1) }
      }
    }
    #expect(wrong == [0, 0, 0], "wrong sums by rank")
  }
}
