import Checkpoints
import InProcessRanks
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// A rank's state after some steps.
private struct Outcome: Sendable {
  var state: StateDictionary
  var momentumBuffers: StateDictionary
  var results: [TrainingStep.Result]

  init(_ model: Model, _ results: [TrainingStep.Result]) {
    state = model.stateDictionary()
    momentumBuffers = model.optimizerDictionary()
    self.results = results
  }
}

@Suite struct TrainingStepTests {
  /// Float32 sums in another order, through one or two steps, relative to a tensor's largest
  /// magnitude.
  static let regrouping = 1e-5

  private func makeStep(
    _ network: SmallNetwork, samples: Int, communicator: any Communicator, gradientNorm: Float,
    sliceSamples: Int = 8
  ) throws -> TrainingStep {
    let model = try Model(
      network.architecture(),
      ModelConfiguration(
        gradientNorm > 0 ? .trainingWithPenalty : .training,
        maximumSamples: (samples + communicator.size - 1) / communicator.size,
        slices: Slices(samples: sliceSamples)), communicator: communicator)
    model.initialize(seed: 5)
    return TrainingStep(
      model, objective: Objective(beta: 1e-3, gamma: 1e-3, gradientNorm: gradientNorm),
      optimizer: SGD(momentum: 0.9, weightDecay: 5e-4), communicator: communicator,
      bucketBytes: 400)
  }

  /// Each rank's outcome of two steps on a batch of `samples`.
  private func train(
    _ network: SmallNetwork, samples count: Int, ranks: Int, gradientNorm: Float = 0.05,
    sliceSamples: Int = 8
  ) throws -> [Outcome] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let step = try makeStep(
        network, samples: count, communicator: communicator, gradientNorm: gradientNorm,
        sliceSamples: sliceSamples)
      let samples = RandomSamples(step.model.architecture, count: count, seed: 6)
      let results = (0..<2).map { _ in run(step, samples, on: communicator) }
      return Outcome(step.model, results)
    }
  }

  /// One step on the communicator's rank.
  private func run(
    _ step: TrainingStep, _ samples: RandomSamples,
    on communicator: any Communicator = SoloCommunicator(), request: TrainingStep.Request = .none
  ) -> TrainingStep.Result {
    samples.withShare(rank: communicator.rank, of: communicator.size) {
      step.run($0, learningRate: 0.02, request: request)
    }
  }

  private func expectClose(
    _ found: Outcome, _ expected: Outcome, _ title: String,
    location: SourceLocation = #_sourceLocation
  ) {
    for (entry, target) in zip(found.state.entries, expected.state.entries) {
      let comparison = Comparison(entry.name, entry.values, target.values.map { Double($0) })
      #expect(
        comparison.isWithin(Self.regrouping, floor: 1e-6), "\(title): \(comparison)",
        sourceLocation: location)
    }
    for (result, target) in zip(found.results, expected.results) {
      #expect(result.isApplied && target.isApplied, sourceLocation: location)
      #expect(result.correct == target.correct, sourceLocation: location)
      #expect(
        abs(result.loss - target.loss) <= Self.regrouping * target.loss, "\(title)",
        sourceLocation: location)
    }
  }

  @Test(
    "ranks without samples join every collective, and the result is one rank's",
    arguments: SmallNetwork.allCases, [2, 7])
  func emptyShare(network: SmallNetwork, samples: Int) throws {
    let alone = try train(network, samples: samples, ranks: 1)
    let shared = try train(network, samples: samples, ranks: 3)
    for (rank, outcome) in shared.enumerated() {
      expectClose(outcome, alone[0], "\(network), rank \(rank)")
      #expect(outcome.state == shared[0].state, "rank \(rank) differs from rank 0")
      #expect(outcome.results == shared[0].results)
    }
  }

  @Test(
    "the size of a slice does not matter", arguments: SmallNetwork.allCases, [0, 0.05] as [Float])
  func slices(network: SmallNetwork, gradientNorm: Float) throws {
    let whole = try train(
      network, samples: 7, ranks: 1, gradientNorm: gradientNorm, sliceSamples: 8)
    for size in [1, 3] {
      let cut = try train(
        network, samples: 7, ranks: 1, gradientNorm: gradientNorm, sliceSamples: size)
      expectClose(cut[0], whole[0], "slices of \(size)")
    }
  }

  @Test(
    "a NaN in one rank's samples discards the step on all and leaves every bit as it was",
    arguments: SmallNetwork.allCases, [0, 0.05] as [Float])
  func nonFinite(network: SmallNetwork, gradientNorm: Float) throws {
    let steps = try InProcessCommunicator.run(ranks: 3) { communicator in
      let step = try makeStep(
        network, samples: 5, communicator: communicator, gradientNorm: gradientNorm)
      let samples = RandomSamples(step.model.architecture, count: 5, seed: 6)
      let spoilt = RandomSamples(step.model.architecture, count: 5, seed: 7)
      spoilt.setPixel(17, ofSample: 2, to: .nan)
      return [samples, spoilt, samples].map { samples in
        let result = run(step, samples, on: communicator)
        return Outcome(step.model, [result])
      }
    }
    for (rank, outcomes) in steps.enumerated() {
      #expect(outcomes.flatMap(\.results).map(\.isApplied) == [true, false, true])
      let bad = outcomes[1].results[0]
      #expect(!bad.hasFailed && !bad.loss.isFinite)
      #expect(outcomes[1].state == outcomes[0].state, "rank \(rank)")
      #expect(outcomes[1].momentumBuffers == outcomes[0].momentumBuffers, "rank \(rank)")
      // Nothing lingers in buffers that are added to, either.
      let isFinite = outcomes[2].state.entries.allSatisfy { entry in
        entry.values.allSatisfy { $0.isFinite }
      }
      #expect(isFinite, "rank \(rank)")
    }
  }

  @Test("a discarded step leaves no trace in the steps after it")
  func noTrace() throws {
    let outcomes = try [false, true].map { isInterrupted in
      let step = try makeStep(
        .resNetLowCurvature, samples: 4, communicator: SoloCommunicator(), gradientNorm: 0.05)
      let samples = RandomSamples(step.model.architecture, count: 4, seed: 6)
      let spoilt = RandomSamples(step.model.architecture, count: 4, seed: 7)
      spoilt.setPixel(0, ofSample: 0, to: .infinity)
      _ = run(step, samples)
      if isInterrupted { #expect(!run(step, spoilt).isApplied) }
      _ = run(step, samples)
      return Outcome(step.model, [])
    }
    #expect(outcomes[0].state == outcomes[1].state)
    #expect(outcomes[0].momentumBuffers == outcomes[1].momentumBuffers)
  }

  @Test("a rank that fails discards the step on all; one that is asked to stop does not")
  func requests() throws {
    let steps = try InProcessCommunicator.run(ranks: 3) { communicator in
      let step = try makeStep(
        .vggLowCurvature, samples: 5, communicator: communicator, gradientNorm: 0)
      let samples = RandomSamples(step.model.architecture, count: 5, seed: 6)
      let start = Outcome(step.model, [])
      let failed = run(
        step, samples, on: communicator, request: communicator.rank == 2 ? .fail : .none)
      let discarded = Outcome(step.model, [failed])
      let stopped = run(
        step, samples, on: communicator, request: communicator.rank == 1 ? .stop : .none)
      return [start, discarded, Outcome(step.model, [stopped])]
    }
    for (rank, outcomes) in steps.enumerated() {
      let (failed, stopped) = (outcomes[1].results[0], outcomes[2].results[0])
      #expect(failed.hasFailed && !failed.isApplied && !failed.stopRequested, "rank \(rank)")
      #expect(outcomes[1].state == outcomes[0].state, "rank \(rank)")
      #expect(stopped.stopRequested && stopped.isApplied && !stopped.hasFailed, "rank \(rank)")
      #expect(outcomes[2].state != outcomes[1].state, "rank \(rank)")
    }
  }
}
