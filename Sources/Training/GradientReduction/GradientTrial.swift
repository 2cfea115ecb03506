import Datasets
import MessagePassing

/// A plan, and the seconds of its fastest step in a trial, from barrier to barrier on rank 0.
public struct GradientMeasurement: Codable, Sendable, Equatable {
  public var plan: GradientPlan
  public var seconds: Double

  public init(plan: GradientPlan, seconds: Double) {
    self.plan = plan
    self.seconds = seconds
  }
}

/// Finds the fastest gradient plan by timing whole steps.
///
/// Only a whole step shows the cost of a plan: the communication that it hides, the time that it
/// takes from the sweep's cores and caches, and the waiting of batch-norm collectives for the link.
/// The steps are rehearsals on the first batch: they leave the model as it was.
package struct GradientTrial {
  /// A run of fewer steps would spend a noticeable part of its time on the choice.
  package static let shortestRun = 100

  private static let rounds = 3
  /// Plans that are slower than the fastest by more than this after a round are not measured again.
  private static let hopeless = 1.25
  /// A plan must save more than this to be preferred to a plainer one: noise is of that size.
  private static let indifference = 1.02

  private let step: TrainingStep
  private let communicator: any Communicator

  package init(_ step: TrainingStep, communicator: any Communicator) {
    self.step = step
    self.communicator = communicator
  }

  /// Times `plans` in turn.
  ///
  /// Collective; every rank returns rank 0's times.
  package func measure(_ plans: [GradientPlan], on batch: Batch) -> [GradientMeasurement] {
    var seconds = [Double](repeating: .infinity, count: plans.count)
    var rest = Array(plans.indices)
    // The first step touches memory and opens connections.
    _ = time(plans[0], batch)
    for _ in 0..<Self.rounds {
      for index in rest { seconds[index] = min(seconds[index], time(plans[index], batch)) }
      seconds.withUnsafeMutableBytes { communicator.broadcast($0, from: 0) }
      let fastest = seconds.min() ?? 0
      rest.removeAll { seconds[$0] > Self.hopeless * fastest }
    }
    return zip(plans, seconds).map { GradientMeasurement(plan: $0, seconds: $1) }
  }

  private func time(_ plan: GradientPlan, _ batch: Batch) -> Double {
    step.reducer.use(plan)
    communicator.barrier()
    let start = ContinuousClock.now
    step.rehearse(batch)
    communicator.barrier()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// The first plan, from the plainest on, that is hardly slower than the fastest one.
  package static func best(of measurements: [GradientMeasurement]) -> GradientPlan? {
    let fastest = measurements.map(\.seconds).min() ?? 0
    return measurements.first { $0.seconds <= indifference * fastest }?.plan
  }

  /// `plans` without those that make the same collectives as one before them.
  package static func distinct(_ plans: [GradientPlan], by reducer: GradientReducer)
    -> [GradientPlan]
  {
    var seen: [(strategy: GradientPlan.Strategy, buckets: Int)] = []
    return plans.filter { plan in
      let buckets = reducer.bucketCount(by: plan)
      // A single bucket is complete when the sweep is over: there is nothing to overlap.
      let isKnown = seen.contains {
        $0.buckets == buckets && ($0.strategy == plan.strategy || buckets == 1)
      }
      seen.append((plan.strategy, buckets))
      return !isKnown
    }
  }
}
