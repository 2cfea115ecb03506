import MessagePassing

/// The time of one step on one rank, by its parts, in seconds.
public struct StepTimes: Sendable, Equatable {
  /// Waiting for the thread that prepares batches.
  public let data: Double
  /// The step without its collectives.
  public let compute: Double
  /// Within gradient collectives: moving data and waiting.
  ///
  /// Communication that is hidden behind computing does not count.
  public let gradients: Double
  /// Within batch-norm collectives, waiting for slower ranks included.
  public let batchNorm: Double

  public init(
    data: Double = 0, compute: Double = 0, gradients: Double = 0, batchNorm: Double = 0
  ) {
    self.data = data
    self.compute = compute
    self.gradients = gradients
    self.batchNorm = batchNorm
  }

  public static func + (a: StepTimes, b: StepTimes) -> StepTimes {
    StepTimes(
      data: a.data + b.data, compute: a.compute + b.compute, gradients: a.gradients + b.gradients,
      batchNorm: a.batchNorm + b.batchNorm)
  }

  public var total: Double { data + compute + gradients + batchNorm }

  /// The rank's time without waiting for others.
  public var local: Double { data + compute }
}

/// Takes a step's time apart by the clocks of its two communicators; allocates nothing.
package struct StepTimer {
  private let batchNorm: TimedCommunicator
  private let reducer: GradientReducer
  private let clock = ContinuousClock()

  /// - Parameter batchNorm: the communicator of the model's layers.
  package init(batchNorm: TimedCommunicator, reducer: GradientReducer) {
    self.batchNorm = batchNorm
    self.reducer = reducer
  }

  /// A time, and the time spent in collectives until then.
  package struct Reading {
    fileprivate let time: ContinuousClock.Instant
    fileprivate let batchNorm: Duration
    fileprivate let gradients: Duration
  }

  package func read() -> Reading {
    Reading(time: clock.now, batchNorm: batchNorm.spent, gradients: reducer.timeSpent)
  }

  /// The times of the step that began at `start` and ends now.
  package func times(since start: Reading, dataWait: Duration = .zero) -> StepTimes {
    let end = read()
    let batchNorm = end.batchNorm - start.batchNorm
    let gradients = end.gradients - start.gradients
    return StepTimes(
      data: dataWait / .seconds(1),
      compute: (end.time - start.time - batchNorm - gradients) / .seconds(1),
      gradients: gradients / .seconds(1), batchNorm: batchNorm / .seconds(1))
  }
}
