import Benchmarks
import Kernels
import MessagePassing
import Testing
import Training

@Suite struct BenchmarkTests {
  /// Small enough for a second.
  private static func recipe(_ flags: [String: String] = [:]) throws -> Recipe {
    var recipe = try Recipe.load("digits")
    for (key, text) in ["batch-size": "6", "slice-size": "2"].merging(
      flags, uniquingKeysWith: { $1 })
    {
      try recipe.set(key: key, text: text)
    }
    try recipe.validate()
    return recipe
  }

  @Test(
    "one rank: every section but sums over ranks, and the step's parts add up to it",
    arguments: ["0", "0.1"])
  func solo(gradientNorm: String) throws {
    useOneBLASThread()
    let findings = try Benchmark(
      Self.recipe(["gradient-norm-penalty": gradientNorm]), communicator: SoloCommunicator(),
      .quick, note: { _ in }
    ).run(Set(BenchmarkSection.allCases))
    let machine = try #require(findings.machine)
    #expect(machine.multiplyAdd > 1e8 && machine.read > 1e8 && machine.pageFault > 0)
    #expect(machine.products.allSatisfy { $0.operations > 1e7 })
    #expect(findings.allreduce == nil)
    let kernels = try #require(findings.kernels)
    #expect(kernels.samples == 6)
    // Stem, two residual blocks of two convolutions, one with a shortcut, and the linear layer.
    #expect(kernels.convolutions.reduce(0) { $0 + $1.count } == 7)
    #expect(kernels.convolutions.contains { $0.isWinograd })
    let times = kernels.convolutions.flatMap(\.passes).map(\.seconds)
    #expect(times.allSatisfy { $0 > 0 })
    let step = try #require(findings.step)
    #expect(step.imagesPerSecond > 0 && step.fastest <= step.seconds)
    let shares = step.shares.reduce(0) { $0 + $1.seconds }
    #expect(abs(shares / step.tracedSeconds - 1) < 1e-9)
    let layers = step.layers.flatMap(\.passes).reduce(0) { $0 + $1.seconds }
    #expect(layers > 0 && layers < step.tracedSeconds)
    let model = try #require(findings.model)
    #expect(model.predicted.total == model.predicted.computing && model.fit == nil)
    let json = try findings.json()
    for key in ["multiply-add", "images-per-second", "predictions"] {
      #expect(json.contains("\"\(key)\""), "no \(key)")
    }
  }

  @Test("two ranks sum, and predict or refuse as cores say", arguments: ["global", "local"])
  func ranks(batchNorm: String) throws {
    useOneBLASThread()
    let recipe = try Self.recipe(["batch-norm": batchNorm])
    let found = try ThreadCommunicator.run(ranks: 2) { communicator in
      try Benchmark(recipe, communicator: communicator, .quick, note: { _ in }).run([.model])
    }
    for findings in found {
      let sums = try #require(findings.allreduce)
      #expect(sums.sums.first?.bytes == 4 && sums.sums.last?.bytes == 1 << 20)
      #expect(sums.normSums.map(\.bytes) == [(2 * 16 + 1) * 8, (2 * 32 + 1) * 8])
      #expect(sums.transfer.isPointToPoint && sums.transfer.bandwidth > 0)
      #expect(findings.step?.ranks == 2 && findings.step?.samples == 3)
      #expect((findings.model == nil) == findings.placement.isOversubscribed)
      #expect((findings.refusal == nil) != findings.placement.isOversubscribed)
    }
  }

  @Test("what is not asked for and not needed is not measured")
  func sections() throws {
    let findings = try Benchmark(
      Self.recipe(), communicator: SoloCommunicator(), .quick, note: { _ in }
    ).run([.allreduce])
    #expect(findings.machine == nil && findings.kernels == nil && findings.step == nil)
    #expect(findings.model == nil && findings.refusal == nil && findings.allreduce == nil)
  }

  @Test("a batch of fewer samples than ranks is refused")
  func tooSmall() throws {
    #expect(throws: (any Error).self) {
      _ = try ThreadCommunicator.run(ranks: 2) { communicator in
        try Benchmark(
          Self.recipe(["batch-size": "1"]), communicator: communicator, .quick, note: { _ in }
        ).run([.step])
      }
    }
  }
}
