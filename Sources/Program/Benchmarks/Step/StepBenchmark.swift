import Datasets
import MessagePassing
import Training

/// Measures ``StepProfile`` of a recipe's network, and the timeline that predictions are made from.
public struct StepBenchmark {
  public struct Result: Sendable {
    public let times: StepProfile
    public let timeline: StepTimeline
  }

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

  /// Collective: every rank makes the same steps; times are this rank's.
  ///
  /// - Parameter kernels: what the shares of the step are made from.
  public func run(kernels: KernelTimes) throws -> Result {
    let timed = TimedCommunicator(communicator)
    let (step, share) = try subject.makeStep(communicator, layersCommunicator: timed)
    let model = step.model
    let (plan, trials) = subject.choosePlan(of: step, on: share.batch, communicator)
    let (whole, pageFaults) = wholeSteps(step, share.batch)
    let resident = ProcessMemory.residentBytes
    let traced = TracedStep(
      model, objective: subject.recipe.objective, optimizer: subject.recipe.optimizer, plan: plan,
      layersCommunicator: timed, communicator: communicator)
    let trace = StepTrace.median(of: whole.map { _ in traced.run(share.batch) })
    let account = StepAccount(
      trace, inventory: NetworkInventory(model), buckets: traced.buckets, subject: subject)
    let passes = account.passes
    let seconds = Effort.median(of: whole)
    let times = StepProfile(
      ranks: subject.ranks, globalBatch: subject.recipe.batchSize, samples: subject.samples,
      precision: subject.recipe.productPrecision,
      imagesPerSecond: Double(subject.recipe.batchSize) / seconds, seconds: seconds,
      fastest: whole.min() ?? 0, slowest: whole.max() ?? 0,
      steps: whole.count, tracedSeconds: passes.reduce(0) { $0 + $1.seconds }, plan: plan,
      trials: trials,
      buckets: traced.buckets.count, reducedBytes: traced.buckets.reduce(0) { $0 + $1.bytes },
      memoryBytes: model.memoryBytes, residentBytes: resident,
      pageFaults: pageFaults, passes: passes, layers: account.layers,
      shares: account.shares(kernels))
    return Result(times: times, timeline: account.timeline)
  }

  /// Seconds of steps as training makes them, after two that do not count, and the pages that they touch for
  /// the first time.
  private func wholeSteps(
    _ step: TrainingStep, _ batch: Batch
  ) -> (seconds: [Double], pageFaults: Int) {
    let clock = ContinuousClock()
    func seconds() -> Double {
      communicator.barrier()
      let start = clock.now
      _ = step.run(batch, learningRate: 0)
      communicator.barrier()
      return (clock.now - start) / .seconds(1)
    }
    _ = seconds()
    var steps = [Int64(effort.steps(of: seconds()))]
    // All ranks make as many.
    steps.withUnsafeMutableBytes { communicator.broadcast($0, from: 0) }
    var measured = [Double](repeating: 0, count: Int(steps[0]))
    let before = ProcessMemory.pageFaultsOfThread
    for index in measured.indices { measured[index] = seconds() }
    return (measured, ProcessMemory.pageFaultsOfThread - before)
  }
}
