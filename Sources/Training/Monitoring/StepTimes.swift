import MessagePassing

/// Where the time of one step went on one rank, in seconds.
public struct StepTimes: Sendable, Equatable {
  /// Waiting for the thread that prepares batches.
  public let data: Double
  /// The step without its collectives.
  public let compute: Double
  /// Within gradient collectives: moving data and waiting.
  ///
  /// What is hidden behind computing is not in it.
  public let gradients: Double
  /// Within batch-norm collectives, waiting for slower ranks included.
  public let batchNorm: Double

  public init(data: Double, compute: Double, gradients: Double, batchNorm: Double) {
    self.data = data
    self.compute = compute
    self.gradients = gradients
    self.batchNorm = batchNorm
  }

  public var total: Double { data + compute + gradients + batchNorm }

  /// What the rank takes by itself, whatever the others do.
  public var own: Double { data + compute }
}

/// Takes a step's time apart by the clocks of its two communicators; allocates nothing.
package struct StepTimer {
  private let batchNorm: TimedCommunicator
  private let reducer: GradientReducer
  private let clock = ContinuousClock()

  package init(batchNorm: TimedCommunicator, reducer: GradientReducer) {
    self.batchNorm = batchNorm
    self.reducer = reducer
  }

  package func time<Result>(
    dataWait: Duration, _ step: () -> Result
  ) -> (result: Result, times: StepTimes) {
    let (batchNormBefore, gradientsBefore) = (batchNorm.spent, reducer.timeSpent)
    let start = clock.now
    let result = step()
    let whole = clock.now - start
    let (inBatchNorm, inGradients) = (
      batchNorm.spent - batchNormBefore, reducer.timeSpent - gradientsBefore
    )
    let times = StepTimes(
      data: dataWait / .seconds(1), compute: (whole - inBatchNorm - inGradients) / .seconds(1),
      gradients: inGradients / .seconds(1), batchNorm: inBatchNorm / .seconds(1))
    return (result, times)
  }
}
