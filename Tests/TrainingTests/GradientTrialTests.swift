import InProcessRanks
import Kernels
import MessagePassing
import Networks
import Recipes
import TestSupport
import Testing
import Training

@Suite struct GradientTrialTests {
  private static let blocking = GradientPlan(.blocking, bucketMegabytes: 4)
  private static let other = GradientPlan(.nonblocking, bucketMegabytes: 1)

  @Test(
    "blocking sums win unless others save more than noise",
    arguments: [
      (1.0, 1.0, blocking), (1.0, 0.99, blocking), (1.0, 0.9, other), (0.5, 0.9, blocking),
    ])
  func best(first: Double, second: Double, expected: GradientPlan) {
    let measured = [
      GradientMeasurement(plan: Self.blocking, seconds: first),
      GradientMeasurement(plan: Self.other, seconds: second),
    ]
    #expect(GradientTrial.best(of: measured) == expected)
  }

  @Test("the recipe's keys leave the plans that they allow")
  func plans() {
    var recipe = Recipe()
    let all = recipe.gradientPlans
    #expect(all.first == Self.blocking && all.contains(Self.other) && all.count == 5)
    recipe.gradientSum = .nonblocking
    #expect(recipe.gradientPlans == all.filter { $0.strategy == .nonblocking })
    recipe.bucketMegabytes = 2.5
    #expect(recipe.gradientPlans == [GradientPlan(.nonblocking, bucketMegabytes: 2.5)])
    recipe.gradientSum = .auto
    #expect(recipe.gradientPlans.map(\.strategy) == [.blocking, .nonblocking])
  }

  @Test("plans that make the same collectives are one")
  func distinct() throws {
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.training, maximumSamples: 1), communicator: SoloCommunicator())
    defer { withExtendedLifetime(model) {} }
    let reducer = GradientReducer(model, communicator: SoloCommunicator(), bucketBytes: 1)
    // The network is far smaller than any bucket of the recipe's.
    #expect(GradientTrial.distinct(Recipe().gradientPlans, by: reducer) == [Self.blocking])
    let tiny = [1.0, 2, 1_048_576].flatMap { bytes in
      GradientPlan.Strategy.allCases.map { GradientPlan($0, bucketMegabytes: bytes / 1_048_576) }
    }
    #expect(GradientTrial.distinct(tiny, by: reducer) == [tiny[0], tiny[1], tiny[4]])
  }

  @Test("a trial leaves the model as it was, and all ranks know rank 0's times")
  func rehearsals() throws {
    useOneBLASThread()
    let plans = [64.0, 1_048_576].flatMap { bytes in
      GradientPlan.Strategy.allCases.map { GradientPlan($0, bucketMegabytes: bytes / 1_048_576) }
    }
    let measured = try InProcessCommunicator.run(ranks: 3) { communicator in
      let architecture = try SmallNetwork.resNetLowCurvature.architecture()
      let model = try Model(
        architecture, ModelConfiguration(.trainingWithPenalty, maximumSamples: 2),
        communicator: communicator)
      defer { withExtendedLifetime(model) {} }
      model.initialize(seed: 1)
      let step = TrainingStep(
        model, objective: Objective(gradientNorm: 0.1),
        optimizer: SGD(momentum: 0.9, weightDecay: 0), communicator: communicator, bucketBytes: 1)
      let tensors = [model.flatParameters, model.momentumBuffers] + model.state.map(\.tensor)
      let before = tensors.map { $0.buffer.map(\.bitPattern) }
      let samples = RandomSamples(architecture, count: 4, seed: 2)
      let measured = samples.withShare(rank: communicator.rank, of: 3) {
        GradientTrial(step, communicator: communicator).measure(plans, on: $0)
      }
      #expect(tensors.map { $0.buffer.map(\.bitPattern) } == before)
      return measured
    }
    #expect(measured[0].map(\.plan) == plans)
    #expect(measured[0].allSatisfy { $0.seconds > 0 && $0.seconds.isFinite })
    #expect(measured[1] == measured[0] && measured[2] == measured[0])
  }
}
