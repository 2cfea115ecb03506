import MessagePassing
import Recipes
import Training

/// Measures ``ArmTimes``: each arm in turn with the standard one, two models at a time.
///
/// The standard arm is measured against another instance of itself, which shows the noise.
public struct ArmsBenchmark {
  private let recipe: Recipe
  private let communicator: any Communicator
  private let effort: Effort

  /// - Parameter recipe: network, batch and numbers of all arms; the keys of an arm are replaced.
  public init(_ recipe: Recipe, communicator: any Communicator, _ effort: Effort) {
    self.recipe = recipe
    self.communicator = communicator
    self.effort = effort
  }

  /// Collective.
  ///
  /// - Parameter note: is told which arm comes next.
  public func run(note: (Arm) -> Void) throws -> ArmTimes {
    let standard = try makeStep(.standard)
    let plan = standard.choosePlan().plan
    let rows = try Arm.allCases.map { arm in
      note(arm)
      let other = try makeStep(arm)
      other.step.reducer.use(plan)
      return compare(arm, other, standard)
    }
    return ArmTimes(
      ranks: communicator.size, globalBatch: recipe.batchSize, plan: plan, rows: rows)
  }

  private func makeStep(_ arm: Arm) throws -> RepeatedStep {
    let subject = try Agreement(communicator).perform {
      var recipe = recipe
      try recipe.apply(arm)
      return try BenchmarkSubject(recipe, communicator: communicator)
    }
    return try RepeatedStep(subject, communicator)
  }

  private func compare(
    _ arm: Arm, _ step: RepeatedStep, _ standard: RepeatedStep
  ) -> ArmTimes.Row {
    let sides = [step, standard]
    // The first step touches memory.
    for side in sides { _ = side.seconds(steps: 1) }
    let windows = Windows(
      effort, stepSeconds: sides.map { communicator.fromRoot($0.seconds(steps: 1)) },
      leastSteps: 1, rounds: 9...40, budget: Self.secondsPerArm)
    var times: [[Double]] = [[], []]
    windows.run { kind in times[kind].append(sides[kind].seconds(steps: windows.steps)) }
    return ArmTimes.Row(
      arm: arm, rounds: windows.rounds, steps: windows.steps,
      seconds: Effort.median(of: times[0]), standardSeconds: Effort.median(of: times[1]),
      overStandard: PairedRatios(times[0], over: times[1]),
      memoryBytes: step.step.memoryBytes)
  }

  /// A minute for all seven arms, if nine rounds are not longer.
  private static let secondsPerArm = 60.0 / 7
}
