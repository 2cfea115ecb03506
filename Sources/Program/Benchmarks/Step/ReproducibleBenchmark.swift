import Datasets
import MessagePassing
import Recipes
import Training

/// The cost of `reproducible`: one step with it and without it, in turns.
public struct ReproducibleTimes: Sendable, Equatable, Codable {
  /// A step in one of the two orders of sums, on rank 0.
  public struct Step: Sendable, Equatable, Codable {
    /// Medians over rounds, in seconds: from barrier to barrier, and without collectives.
    public let seconds: Double
    public let computing: Double
    /// Bytes that a rank hands to gradient collectives.
    public let reducedBytes: Int
    /// Bytes of the plan.
    public let memoryBytes: Int
  }

  public let rounds: Int
  public let plan: GradientPlan
  public let fastest: Step
  public let reproducible: Step
  /// The time of the reproducible step over that of the fastest, round by round.
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

  private func makeStep(reproducible: Bool) throws -> RepeatedStep {
    let subject = try Agreement(communicator).perform {
      var recipe = recipe
      recipe.reproducible = reproducible
      // Local statistics depend on the number of ranks, so there are none to compare.
      recipe.batchNorm = .global
      return try BenchmarkSubject(recipe, communicator: communicator)
    }
    return try RepeatedStep(subject, communicator)
  }

  /// Seconds of a step from barrier to barrier, and those of its computing.
  private func time(_ repeated: RepeatedStep) -> (seconds: Double, computing: Double) {
    communicator.barrier()
    let start = ContinuousClock.now
    let times = repeated.times()
    communicator.barrier()
    return ((ContinuousClock.now - start) / .seconds(1), times.compute)
  }

  private func result(
    _ repeated: RepeatedStep, _ times: [(seconds: Double, computing: Double)]
  ) -> ReproducibleTimes.Step {
    ReproducibleTimes.Step(
      seconds: Effort.median(of: times.map(\.seconds)),
      computing: Effort.median(of: times.map(\.computing)),
      reducedBytes: repeated.step.reducer.bytesPerStep,
      memoryBytes: repeated.step.model.memoryBytes)
  }

  /// Gradients are reduced by the recipe's plainest plan in both orders.
  ///
  /// Collective.
  public func run() throws -> ReproducibleTimes {
    let sides = [try makeStep(reproducible: false), try makeStep(reproducible: true)]
    let plan = recipe.gradientPlans[0]
    for side in sides {
      side.step.reducer.use(plan)
      _ = time(side)
    }
    // All ranks make as many rounds.
    let rounds = effort.steps(of: communicator.fromRoot(time(sides[0]).seconds))
    var times: [[(seconds: Double, computing: Double)]] = [[], []]
    for round in 0..<rounds {
      for kind in round % 2 == 0 ? [0, 1] : [1, 0] { times[kind].append(time(sides[kind])) }
    }
    return ReproducibleTimes(
      rounds: rounds, plan: plan, fastest: result(sides[0], times[0]),
      reproducible: result(sides[1], times[1]),
      ratios: zip(times[0], times[1]).map { $1.seconds / $0.seconds })
  }
}
