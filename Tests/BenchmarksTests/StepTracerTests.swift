import Benchmarks
import InProcessRanks
import MessagePassing
import Networks
import Recipes
import TestSupport
import Testing
import Training

@Suite struct StepTracerTests {
  private struct Outcome: Sendable {
    /// The gradients of a step, and of the same step with a tracer.
    var gradients: [[Float]] = []
    /// The layers of each sweep, in the order of the trace.
    var layers: [TracedPass: [Int]] = [:]
    var passes: Set<TracedPass> = []
    var layerCount = 0
  }

  @Test(
    "a tracer changes no bit of a step, and sees every layer of every sweep of any arm",
    arguments: Arm.allCases,
    [(1, GradientPlan.Strategy.blocking), (2, .blocking), (2, .nonblocking)])
  func arms(arm: Arm, job: (ranks: Int, strategy: GradientPlan.Strategy)) throws {
    let outcomes = try InProcessCommunicator.run(ranks: job.ranks) { communicator in
      try outcome(arm, job.strategy, communicator)
    }
    for outcome in outcomes {
      let differing = zip(outcome.gradients[0], outcome.gradients[1]).count { $0 != $1 }
      #expect(differing == 0, "gradients that differ")
      #expect(outcome.gradients[0].contains { $0 != 0 })
      #expect(outcome.passes.isSuperset(of: [.refresh, .loss, .reduce, .pullBack, .update]))
      let upwards = Array(0..<outcome.layerCount)
      let downwards = Array(upwards.reversed())
      for (pass, times) in Self.sweeps(of: arm) {
        let once = Self.forwardPasses.contains(pass) ? upwards : downwards
        let expected = (0..<times).flatMap { _ in once }
        #expect(outcome.layers[pass] == expected, "\(pass)")
      }
      #expect(Set(outcome.layers.keys) == Set(Self.sweeps(of: arm).map(\.pass)))
    }
  }

  private static let forwardPasses: Set<TracedPass> = [
    .forward, .attackForward, .cureForward, .forwardTangent, .cureForwardTangent,
  ]

  /// The sweeps of an arm's step, and how often it makes each.
  private static func sweeps(of arm: Arm) -> [(pass: TracedPass, times: Int)] {
    let plain: [(pass: TracedPass, times: Int)] = [(.forward, 1), (.backward, 1)]
    let penalized: [(pass: TracedPass, times: Int)] = [
      (.forward, 1), (.dataBackward, 1), (.forwardTangent, 1), (.backwardTangent, 1),
    ]
    return switch arm {
    case .standard, .lcnn, .softplus: plain
    case .gradreg, .lcnnGradReg: penalized
    case .cure:
      penalized + [
        (.cureForward, 1), (.cureBackward, 1), (.cureForwardTangent, 1), (.cureBackwardTangent, 1),
      ]
    case .adversarial: plain + [(.attackForward, 3), (.attackBackward, 3)]
    }
  }

  private func outcome(
    _ arm: Arm, _ strategy: GradientPlan.Strategy, _ communicator: any Communicator
  ) throws -> Outcome {
    var recipe = Recipe()
    try recipe.apply(arm)
    let architecture = try SmallNetwork.resNetLowCurvature.architecture()
    let samples = RandomSamples(architecture, count: 5, seed: 3)
    let timed = TimedCommunicator(communicator)
    func makeStep() throws -> TrainingStep {
      let model = try Model(
        architecture, ModelConfiguration(recipe.trainingPurpose, maximumSamples: 5),
        communicator: timed)
      model.initialize(seed: 1)
      return TrainingStep(
        model, objective: recipe.objective, curePenalty: try recipe.makeCUREPenalty(for: model),
        adversary: try recipe.adversary(for: model), optimizer: recipe.optimizer,
        communicator: communicator, bucketBytes: 256, strategy: strategy)
    }
    let (plain, traced) = (try makeStep(), try makeStep())
    let tracer = StepTracer(traced, layersCommunicator: timed)
    var outcome = Outcome(layerCount: plain.model.chain.layers.count)
    try samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
      try #require(plain.run(batch, learningRate: 0).isApplied)
      for span in tracer.trace(batch).spans {
        outcome.passes.insert(span.pass)
        if let layer = span.layer { outcome.layers[span.pass, default: []].append(layer) }
      }
    }
    outcome.gradients = [plain, traced].map { Array($0.model.gradients.buffer) }
    return outcome
  }
}
