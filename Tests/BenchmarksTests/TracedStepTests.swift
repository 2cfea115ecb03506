import Benchmarks
import InProcessRanks
import MessagePassing
import Networks
import TestSupport
import Testing
import Training

@Suite struct TracedStepTests {
  private struct Outcome: Sendable {
    var gradients: [[Float]] = []
    var passes: Set<SweepPass> = []
  }

  @Test(
    "a traced step makes the gradients of a training step, to the bit, on any number of ranks",
    arguments: [SmallNetwork.resNetLowCurvature, .vggLowCurvature], [0, 0.1] as [Float])
  func sameGradients(network: SmallNetwork, gradientNorm: Float) throws {
    for (ranks, strategy) in [
      (1, GradientPlan.Strategy.blocking), (2, .blocking), (2, .nonblocking),
    ] {
      let outcomes = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try outcome(network, gradientNorm: gradientNorm, strategy, communicator)
      }
      for outcome in outcomes {
        let differing = zip(outcome.gradients[0], outcome.gradients[1]).count { $0 != $1 }
        #expect(differing == 0, "\(ranks) ranks, \(strategy): gradients that differ")
        #expect(outcome.gradients[0].contains { $0 != 0 })
        let tangents: Set<SweepPass> = [.dataBackward, .forwardTangent, .backwardTangent]
        #expect(outcome.passes.isSuperset(of: [.refresh, .forward, .reduce, .update]))
        #expect(outcome.passes.isSuperset(of: tangents) == (gradientNorm > 0))
        #expect(outcome.passes.contains(.backward) == (gradientNorm == 0))
      }
    }
  }

  private func outcome(
    _ network: SmallNetwork, gradientNorm: Float, _ strategy: GradientPlan.Strategy,
    _ communicator: any Communicator
  ) throws -> Outcome {
    let architecture = try network.architecture()
    let objective = Objective(beta: 1e-4, gamma: 1e-5, gradientNorm: gradientNorm)
    let optimizer = SGD(momentum: 0.9, weightDecay: 5e-4)
    let samples = RandomSamples(architecture, count: 5, seed: 3)
    let timed = TimedCommunicator(communicator)
    func model() throws -> Model {
      let model = try Model(
        architecture,
        ModelConfiguration(
          gradientNorm > 0 ? .trainingWithPenalty : .training, maximumSamples: 5),
        communicator: timed)
      model.initialize(seed: 1)
      return model
    }
    let (trained, traced) = (try model(), try model())
    let step = TrainingStep(
      trained, objective: objective, optimizer: optimizer, communicator: communicator,
      bucketBytes: 256, strategy: strategy)
    let trace = TracedStep(
      traced, objective: objective, optimizer: optimizer,
      plan: GradientPlan(strategy, bucketMegabytes: 256.0 / 1_048_576),
      layersCommunicator: timed, communicator: communicator)
    var outcome = Outcome()
    try samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
      try #require(step.run(batch, learningRate: 0).isApplied)
      outcome.passes = Set(trace.run(batch).seconds.keys.map(\.pass))
    }
    outcome.gradients = [trained, traced].map { Array($0.gradients.buffer) }
    withExtendedLifetime((trained, traced)) {}
    return outcome
  }
}
