import Datasets
import MessagePassing
import Training

/// Measures ``OverlapTimes``.
public struct OverlapBenchmark {
  private let subject: BenchmarkSubject
  private let communicator: any Communicator
  private let effort: Effort

  public init(
    _ subject: BenchmarkSubject, communicator: any Communicator, _ effort: Effort
  ) {
    self.subject = subject
    self.communicator = communicator
    self.effort = effort
  }

  /// Collective; at least two ranks.
  public func run() throws -> OverlapTimes {
    let repeated = try RepeatedStep(subject, communicator)
    let (blocking, nonblocking, chosen) = choosePlans(repeated)
    func times(_ plan: GradientPlan) -> StepTimes {
      repeated.step.reducer.use(plan)
      return repeated.times()
    }
    let rounds = effort.overlapRounds
    var (first, second): ([StepTimes], [StepTimes]) = ([], [])
    for round in 0..<rounds {
      // Who goes first changes, so that a node that grows slower favours neither.
      if round % 2 == 0 {
        first.append(times(blocking))
        second.append(times(nonblocking))
      } else {
        second.append(times(nonblocking))
        first.append(times(blocking))
      }
    }
    return OverlapTimes(
      rounds: rounds, blocking: OverlapTimes.Step(blocking, first),
      nonblocking: OverlapTimes.Step(nonblocking, second), chosen: chosen,
      backward: backward(repeated, blocking),
      hidden: zip(first, second).map { $0.total - $1.total })
  }

  /// The fastest plan of each strategy, and the plan that a run would choose.
  private func choosePlans(
    _ repeated: RepeatedStep
  ) -> (blocking: GradientPlan, nonblocking: GradientPlan, chosen: GradientPlan) {
    var recipe = subject.recipe
    recipe.gradientSum = .auto
    let measured = GradientTrial(repeated.step, communicator: communicator)
      .measure(recipe.gradientPlans, on: repeated.batch)
    func fastest(_ strategy: GradientPlan.Strategy) -> GradientPlan {
      measured.filter { $0.plan.strategy == strategy }.min { $0.seconds < $1.seconds }?.plan
        ?? GradientPlan(strategy)
    }
    return (
      fastest(.blocking), fastest(.nonblocking), GradientTrial.best(of: measured) ?? GradientPlan()
    )
  }

  /// Computing of the last sweep on all layers but the last one, whose gradients are the first.
  private func backward(_ repeated: RepeatedStep, _ plan: GradientPlan) -> Double {
    repeated.step.reducer.use(plan)
    let trace = repeated.trace(steps: effort.tracedSteps)
    let last = repeated.step.model.chain.layers.count - 1
    return trace.spans.reduce(0) { sum, span in
      span.pass.completesBuckets && span.layer.map { $0 < last } ?? false
        ? sum + span.computing : sum
    }
  }
}
