import Benchmarks
import InProcessRanks
import Kernels
import MessagePassing
import Recipes
import Testing

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
    #expect(findings.allreduce == nil && findings.scaling == nil && findings.diagnosis == nil)
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

  @Test(
    "the step of an arm with further sweeps is taken apart, too",
    arguments: [
      ("cure-penalty", [.cureForward, .cureBackwardTangent, .cureDifference]),
      ("adversarial-epsilon", [.attackForward, .attackBackward, .attackMoves]),
    ] as [(String, [TracedPass])])
  func stepOfArm(key: String, passes: [TracedPass]) throws {
    useOneBLASThread()
    let findings = try Benchmark(
      Self.recipe([key: "0.1"]), communicator: SoloCommunicator(), .quick, note: { _ in }
    ).run([.model])
    let step = try #require(findings.step)
    let found = step.passes.filter { passes.contains($0.pass) }
    #expect(found.map(\.pass) == passes && found.allSatisfy { $0.computing > 0 })
    let sweeps = found.filter { $0.operations > 0 }
    #expect(
      sweeps.count == 2 && step.layers.allSatisfy { $0.passes.contains { $0.pass == passes[0] } })
    let shares = step.shares.reduce(0) { $0 + $1.seconds }
    #expect(abs(shares / step.tracedSeconds - 1) < 1e-9)
    let model = try #require(findings.model)
    #expect(model.predicted.total == model.predicted.computing)
  }

  @Test("every arm is timed beside the standard one", arguments: [1, 2])
  func arms(ranks: Int) throws {
    useOneBLASThread()
    let recipe = try Self.recipe()
    let found = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try Benchmark(recipe, communicator: communicator, .quick, note: { _ in }).run([.arms])
    }
    for findings in found {
      let arms = try #require(findings.arms)
      #expect(arms.ranks == ranks && arms.rows.map(\.arm) == Arm.allCases)
      for row in arms.rows {
        #expect(row.overStandard.values.count == row.rounds && row.rounds == 3)
        #expect(row.seconds > 0 && row.standardSeconds > 0, "\(row)")
      }
      let (standard, cure) = (arms.rows[0], try #require(arms.rows.first { $0.arm == .cure }))
      #expect(cure.memoryBytes > standard.memoryBytes)
      #expect(try findings.json().contains("\"over-standard\""))
    }
  }

  @Test("two ranks sum, and predict or refuse as cores say", arguments: ["global", "local"])
  func ranks(batchNorm: String) throws {
    useOneBLASThread()
    let recipe = try Self.recipe(["batch-norm": batchNorm])
    let found = try InProcessCommunicator.run(ranks: 2) { communicator in
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

  @Test("rates of ranks together and by themselves are the same on all ranks, and add up")
  func scaling() throws {
    useOneBLASThread()
    // Nine samples for two ranks: one has more.
    let recipe = try Self.recipe(["batch-size": "9"])
    let found = try InProcessCommunicator.run(ranks: 2) { communicator in
      try Benchmark(recipe, communicator: communicator, .quick, note: { _ in }).run([.scaling])
    }.compactMap(\.scaling)
    try #require(found.count == 2)
    #expect(found.map(\.samples).reduce(0, +) == 9)
    let times = found[0]
    #expect(times.together == found[1].together && times.independent == found[1].independent)
    #expect(times.togetherOverAlone == found[1].togetherOverAlone)
    #expect(times.rounds == 3 && times.togetherOverIndependent.values.count == 3)
    #expect([times.together, times.independent, times.alone].allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test("where a rank has no samples there is nothing to compare")
  func noSamples() throws {
    let recipe = try Self.recipe(["reproducible": "true", "slice-size": "8"])
    let found = try InProcessCommunicator.run(ranks: 2) { communicator in
      try Benchmark(recipe, communicator: communicator, .quick, note: { _ in }).run([.scaling])
    }
    #expect(found.allSatisfy { $0.scaling == nil })
  }

  @Test("the diagnosis is counted: every collective of a step, and its comparison's share")
  func diagnosis() throws {
    useOneBLASThread()
    let recipe = try Self.recipe()
    let found = try InProcessCommunicator.run(ranks: 2) { plain in
      let ledgered = LedgeredCommunicator(plain, ledger: CollectiveLedger())
      let watchdog = Watchdog(
        ledgered.ledger, ledgered, Watchdog.Settings(stallTimeout: .seconds(60)))
      defer { watchdog.stop() }
      let diagnosis = DiagnosisSwitch(ledgered: ledgered, plain: plain, watchdog: watchdog)
      return try Benchmark(
        recipe, communicator: diagnosis.communicator, diagnosis: diagnosis, .quick,
        note: { _ in }
      ).run([.diagnosis])
    }
    for times in try found.map({ try #require($0.diagnosis) }) {
      // Six batch norms in two passes, and one bucket.
      #expect(times.collectives.perStep == 13 && times.comparisons.perStep == 0.01)
      // Data, refresh, input, forward, backward, reduce, the bucket there and back, update.
      #expect(times.places.perStep == 9)
      #expect(times.looks.seconds > 0 && times.collectives.seconds > 0)
      #expect(times.counted > times.comparisons.share(of: times.seconds))
      #expect(times.onOverOff.values.count == times.rounds && times.control.median > 0)
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
      _ = try InProcessCommunicator.run(ranks: 2) { communicator in
        try Benchmark(
          Self.recipe(["batch-size": "1"]), communicator: communicator, .quick, note: { _ in }
        ).run([.step])
      }
    }
  }
}
