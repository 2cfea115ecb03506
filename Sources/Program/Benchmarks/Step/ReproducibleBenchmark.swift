import Datasets
import MessagePassing
import Recipes
import Training

/// What `reproducible` costs: the same step with and without it, in turns.
public struct ReproducibleTimes: Sendable, Equatable, Codable {
  /// A step in one of the two orders of sums, on rank 0.
  public struct Step: Sendable, Equatable, Codable {
    /// Medians over rounds, in seconds: from barrier to barrier, and without collectives.
    public let seconds: Double
    public let computing: Double
    /// What a rank hands to gradient collectives.
    public let reducedBytes: Int
    /// Of the plan.
    public let memoryBytes: Int
  }

  public let rounds: Int
  public let plan: GradientPlan
  public let fastest: Step
  public let reproducible: Step
  /// How many times as long the reproducible step takes, round by round.
  public let ratios: [Double]
}

/// Measures ``ReproducibleTimes``.
public struct ReproducibleBenchmark {
  private let recipe: Recipe
  private let communicator: any Communicator
  private let effort: Effort

  public init(_ recipe: Recipe, communicator: any Communicator, _ effort: Effort) {
    self.recipe = recipe
    self.communicator = communicator
    self.effort = effort
  }

  /// A step that can be repeated, and what times it.
  private struct Side {
    let step: TrainingStep
    let share: SampleShare
    let timer: StepTimer

    init(_ recipe: Recipe, reproducible: Bool, _ communicator: any Communicator) throws {
      var recipe = recipe
      recipe.reproducible = reproducible
      // Local statistics depend on the number of ranks, so there are none to compare.
      recipe.batchNorm = .global
      let subject = try Agreement(communicator).perform {
        try BenchmarkSubject(recipe, communicator: communicator)
      }
      let timed = TimedCommunicator(communicator)
      (step, share) = try subject.makeStep(communicator, layersCommunicator: timed)
      timer = StepTimer(batchNorm: timed, reducer: step.reducer)
    }

    func time(_ communicator: any Communicator) -> (seconds: Double, computing: Double) {
      communicator.barrier()
      let start = ContinuousClock.now
      let times = timer.time(dataWait: .zero) { _ = step.run(share.batch, learningRate: 0) }.times
      communicator.barrier()
      return ((ContinuousClock.now - start) / .seconds(1), times.compute)
    }

    func result(_ times: [(seconds: Double, computing: Double)]) -> ReproducibleTimes.Step {
      ReproducibleTimes.Step(
        seconds: Effort.median(of: times.map(\.seconds)),
        computing: Effort.median(of: times.map(\.computing)),
        reducedBytes: step.reducer.bytesPerStep, memoryBytes: step.model.memoryBytes)
    }
  }

  /// Gradients are summed by the recipe's plainest plan in both orders.
  ///
  /// Collective.
  public func run() throws -> ReproducibleTimes {
    let fastest = try Side(recipe, reproducible: false, communicator)
    let reproducible = try Side(recipe, reproducible: true, communicator)
    let plan = recipe.gradientPlans[0]
    for side in [fastest, reproducible] {
      side.step.reducer.use(plan)
      _ = side.time(communicator)
    }
    var times: [(fastest: (Double, Double), reproducible: (Double, Double))] = []
    for round in 0..<effort.rounds(of: fastest.time(communicator).seconds, communicator) {
      if round % 2 == 0 {
        let first = fastest.time(communicator)
        times.append((first, reproducible.time(communicator)))
      } else {
        let second = reproducible.time(communicator)
        times.append((fastest.time(communicator), second))
      }
    }
    return ReproducibleTimes(
      rounds: times.count, plan: plan,
      fastest: fastest.result(times.map { ($0.fastest.0, $0.fastest.1) }),
      reproducible: reproducible.result(times.map { ($0.reproducible.0, $0.reproducible.1) }),
      ratios: times.map { $0.reproducible.0 / $0.fastest.0 })
  }
}

extension Effort {
  /// Rounds of steps of which one takes `seconds`; all ranks make as many.
  ///
  /// Collective.
  fileprivate func rounds(of seconds: Double, _ communicator: any Communicator) -> Int {
    var rounds = [Int64(steps(of: seconds))]
    rounds.withUnsafeMutableBytes { communicator.broadcast($0, from: 0) }
    return Int(rounds[0])
  }
}
