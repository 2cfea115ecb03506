import Datasets
import MessagePassing
import Recipes
import Training

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
      memoryBytes: repeated.step.memoryBytes)
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
