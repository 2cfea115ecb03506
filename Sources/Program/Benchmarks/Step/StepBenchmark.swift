import Datasets
import MessagePassing
import Training

/// Measures ``StepBreakdown`` of a recipe's network, and makes the simulation behind predictions.
public struct StepBenchmark {
  public struct Result: Sendable {
    public let times: StepBreakdown
    public let simulation: StepSimulation
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
  /// - Parameter kernels: the times that explain the step's.
  public func run(kernels: KernelTimes) throws -> Result {
    let repeated = try RepeatedStep(subject, communicator)
    let (step, model) = (repeated.step, repeated.step.model)
    let (plan, trials) = repeated.choosePlan()
    let (whole, pageFaults) = wholeSteps(repeated)
    let resident = ProcessMemory.residentBytes
    let trace = repeated.trace(steps: whole.count)
    let buckets = step.reducer.buckets
    let analysis = TraceAnalysis(
      trace, inventory: NetworkInventory(model), buckets: buckets, subject: subject)
    let passes = analysis.passes
    let seconds = Effort.median(of: whole)
    let times = StepBreakdown(
      ranks: subject.ranks, globalBatch: subject.recipe.batchSize, samples: subject.samples,
      precision: subject.recipe.productPrecision,
      imagesPerSecond: Double(subject.recipe.batchSize) / seconds, seconds: seconds,
      fastest: whole.min() ?? 0, slowest: whole.max() ?? 0,
      steps: whole.count, tracedSeconds: passes.reduce(0) { $0 + $1.seconds }, plan: plan,
      trials: trials,
      buckets: buckets.count, reducedBytes: buckets.reduce(0) { $0 + $1.bytes },
      memoryBytes: step.memoryBytes, residentBytes: resident,
      pageFaults: pageFaults, passes: passes, layers: analysis.layers,
      shares: analysis.shares(kernels))
    return Result(times: times, simulation: analysis.simulation)
  }

  /// Seconds of whole steps, after two that do not count, and the page faults in them.
  private func wholeSteps(_ step: RepeatedStep) -> (seconds: [Double], pageFaults: Int) {
    _ = step.seconds(steps: 1)
    // All ranks make as many.
    let seconds = communicator.fromRoot(step.seconds(steps: 1))
    var measured = [Double](repeating: 0, count: effort.steps(of: seconds))
    let before = ProcessMemory.pageFaultsOfThread
    for index in measured.indices { measured[index] = step.seconds(steps: 1) }
    return (measured, ProcessMemory.pageFaultsOfThread - before)
  }
}
