import Checkpoints
import CrashReports
import Datasets
import Foundation
import MessagePassing
import Networks
import Recipes
import Surveys

#if canImport(Glibc)
  import Glibc
#endif

/// A whole run: epochs of ``TrainingStep``s, evaluations, metrics and checkpoints.
///
/// Every rank makes one and calls the same methods in the same order. Only rank 0 writes into the
/// run directory and has an observer; where it fails, all ranks stop at the same step.
public final class Trainer {
  let setup: TrainerSetup
  let observer: (any TrainingObserver)?
  let agreement: Agreement
  private(set) var trainingStep: TrainingStep
  private let schedule: LearningRateSchedule
  private let divergenceCheck: DivergenceCheck
  private let saver: CheckpointSaver
  private let fault: FaultInjection?
  /// The step that is kept on disk, and the communicator that records its collectives.
  private let kept: (step: Int, recorder: RecordingCommunicator)?
  private(set) var position: BatchPosition
  /// Steps since the start of the run.
  private(set) var steps: Int
  private var epoch: EpochTotals
  private var times: RunTimes
  /// The newest measurement; after a resume rank 0's alone.
  private var curvature: [String: Double]?
  /// The first fault outside of a step, which the next step stops all ranks for.
  private var failure: (any Error)?
  /// On rank 0.
  private let control: RunControl?
  /// The last evaluation, and the step after which it was made.
  private var tested: (step: Int, result: Evaluator.Result)?
  /// Records this rank's steps, if the user wants a trace.
  private let trace: TraceRecorder?
  private var plan = GradientPlan()
  /// Steps left out in a row.
  private var skipped = 0
  private static let longestSkip = 10

  public var recipe: Recipe { setup.recipe }
  public var model: Model { setup.model }
  var communicator: any Communicator { setup.communicator }
  private var sampler: ShardedSampler { setup.sampler }

  /// Collective.
  init(
    _ setup: TrainerSetup, observer: (any TrainingObserver)?, fault: FaultInjection?,
    traces: Bool, keptStep: Int? = nil
  ) throws {
    trace = traces ? TraceRecorder() : nil
    self.setup = setup
    let recorder = setup.communicator as? RecordingCommunicator
    kept = keptStep.flatMap { step in recorder.map { (step, $0) } }
    self.observer = observer
    self.fault = fault
    agreement = Agreement(setup.communicator)
    trainingStep = TrainingStep(
      setup.model, objective: setup.recipe.objective, curePenalty: setup.curePenalty,
      adversary: setup.adversary, optimizer: setup.recipe.optimizer,
      communicator: setup.communicator, bucketBytes: GradientPlan().bucketBytes)
    schedule = setup.recipe.learningRates
    divergenceCheck = DivergenceCheck(setup.model, communicator: setup.communicator)
    times = RunTimes(setup, reducer: trainingStep.reducer, fault: fault)
    position = setup.position
    steps = setup.steps
    epoch = EpochTotals(setup.epochSums)
    curvature = setup.curvature
    control = setup.output.map {
      RunControl(
        $0.directory, environment: ProcessInfo.processInfo.environment,
        minutes: setup.recipe.checkpointMinutes)
    }
    saver = try CheckpointSaver(
      setup, divergenceCheck: divergenceCheck, control: control, observer: observer)
  }

  /// Trains to the recipe's end, or to a stop that a signal asks for, and evaluates.
  ///
  /// Collective.
  /// - Throws: ``TrainingError`` and the errors of files, the same on every rank.
  public func run() throws -> Evaluator.Result {
    let choice = try chooseGradientPlan()
    plan = choice.plan
    RankLog.debug("gradient reduction chosen, \(trainingStep.reducer.bucketCount) buckets")
    observer?.begin(summary(choice))
    try agreement.performOnRoot { try control?.removeOldRequests().forEach { observer?.note($0) } }
    if let limit = recipe.maxSteps, steps >= limit {
      observer?.note("max-steps \(limit) is reached; --max-steps null goes on")
    }
    if !saver.hasSaved { try checkpoint(.required) }
    let result: Evaluator.Result
    do { result = try trainSteps() } catch {
      // All ranks are here; a checkpoint that was begun is worth its end.
      try? saver.finish(.optional)
      throw error
    }
    try writeTrace()
    let memory = MemoryReport(
      planBytes: planBytes, dataBytes: dataBytes, threads: setup.threads, communicator: communicator
    )
    observer?.checkpoints(saver.times)
    if let memory { observer?.memory(memory) }
    return result
  }

  /// Trains to the recipe's end, or to a stop; collective.
  private func trainSteps() throws -> Evaluator.Result {
    let prefetcher = try makePrefetcher()
    defer { prefetcher.stop() }
    startTrace()
    var last: Evaluator.Result?
    var waited = prefetcher.waited
    while steps < recipe.maxSteps ?? Int.max, let batch = nextBatch(prefetcher) {
      let result = try train(on: batch, dataWait: prefetcher.waited - waited)
      waited = prefetcher.waited
      let isLastOfEpoch = batch.step == sampler.stepsPerEpoch - 1
      let isEnd =
        steps == recipe.maxSteps || (isLastOfEpoch && batch.epoch == recipe.epochs - 1)
      if isLastOfEpoch || isEnd {
        last = try finishEpoch(batch.epoch, isEnd: isEnd)
      }
      // After the epoch's report, which a resumed run would not make up for.
      if result.stopRequested && !isEnd {
        try checkpoint(.required)
        try writeTrace()
        try agreement.performOnRoot { try control?.stopped() }
        throw TrainingError.stopped(
          step: steps, run: setup.runPath, reason: control?.reason ?? .signal)
      }
      let isDue = recipe.checkpointSteps.map { steps % $0 == 0 } ?? false
      if !isEnd && (result.saveRequested || isDue) { try checkpoint(.optional) }
    }
    try saver.finish(.optional)
    return try last ?? evaluate()
  }

  /// Observes the steps from here on.
  private func startTrace() {
    guard let trace else { return }
    trainingStep.probe = trace
    trainingStep.reducer.recorder = trace.collectives(.gradients)
    setup.layerCommunicator.recorder = trace.collectives(.batchNorm)
  }

  /// Collective.
  private func writeTrace() throws {
    guard let trace else { return }
    let layers = model.chain.layers.enumerated().map { "\($0.offset) \(type(of: $0.element))" }
    let file = StepTraceFile(
      trace.spans, layers: layers, hosts: setup.hosts, communicator: communicator)
    try agreement.performOnRoot {
      if let file { try setup.output?.directory.write(Array(file.text.utf8), to: .trace) }
    }
  }

  /// Bytes of this rank's models.
  private var planBytes: Int {
    trainingStep.memoryBytes + saver.memoryBytes + (setup.curvatureProbe?.memoryBytes ?? 0)
  }
  private var dataBytes: Int { setup.trainData.bytes + setup.testData.bytes }

  /// This rank's batches from here to the recipe's end.
  ///
  /// Collective.
  func makePrefetcher() throws -> Prefetcher {
    try agreement.perform {
      try Prefetcher(
        dataset: setup.trainData, sampler: sampler, augmentation: recipe.augmentation,
        rank: communicator.rank, size: communicator.size, from: position, epochs: recipe.epochs)
    }
  }

  private func nextBatch(_ prefetcher: Prefetcher) -> Batch? {
    communicator.programPoint = ProgramPoint(step: steps + 1, .data)
    return prefetcher.next()
  }

  private func train(on batch: Batch, dataWait: Duration) throws -> TrainingStep.Result {
    do {
      try saver.noteEnd()
      try fault?.act(step: steps + 1, batch, model, communicator)
    } catch { failure = error }
    let rate = schedule.rate(
      epoch: batch.epoch, step: batch.step, stepsPerEpoch: sampler.stepsPerEpoch)
    let request: TrainingStep.Request =
      failure != nil
      ? .fail : control?.request() ?? (StopSignal.isReceived ? .stop : TrainingStep.Request.none)
    if communicator.node.thread == 0 { DebuggerStop.reach(.step(steps + 1)) }
    var dump = try makeDump(batch, rate)
    trace?.ended(.data, after: dataWait)
    trace?.begin(step: steps + 1)
    times.begin(step: steps + 1)
    dump?.beginStep()
    let result = trainingStep.run(
      batch, learningRate: rate, request: request, ballot: saver.ballot,
      localStepSeconds: times.localStepSeconds)
    for line in times.end(trainingStep, on: batch, dataWait: dataWait) {
      observer?.note("step \(steps): \(line)")
    }
    if dump != nil { try agreement.perform { try dump?.finish(model, result) } }
    log(result, batch, dataWait)
    try saver.count(result.ballot, step: steps)
    try judge(result, batch)
    steps += 1
    position =
      batch.step + 1 < sampler.stepsPerEpoch
      ? BatchPosition(epoch: batch.epoch, step: batch.step + 1)
      : BatchPosition(epoch: batch.epoch + 1, step: 0)
    if result.isApplied { epoch.add(result) }
    record(batch, result, rate)
    if steps % recipe.divergenceCheckEvery == 0 { try divergenceCheck.run(step: steps) }
    return result
  }

  /// Writes what comes before the step, if it is to be kept.
  ///
  /// Collective in that step.
  private func makeDump(_ batch: Batch, _ rate: Float) throws -> StepDump? {
    guard let kept, kept.step == steps + 1 else { return nil }
    return try agreement.perform {
      try StepDump(
        in: setup.runPath, model, batch, step: steps + 1, learningRate: rate, plan: plan,
        recipe: recipe, communicator: kept.recorder)
    }
  }

  private func log(_ result: TrainingStep.Result, _ batch: Batch, _ dataWait: Duration) {
    guard communicator.node.thread == 0 else { return }
    RankLog.debug(
      "step \(steps + 1): \(batch.count) of \(result.samples) samples, loss \(result.loss) over all, "
        + "\(times.localStepSeconds) s in this rank before, \(dataWait / .seconds(1)) s for data")
  }

  /// Ends the run on every rank where a step was not applied, unless the recipe lets it be left
  /// out.
  private func judge(_ result: TrainingStep.Result, _ batch: Batch) throws {
    if result.isApplied {
      skipped = 0
      return
    }
    if result.hasFailed {
      try agreement.perform { if let failure { throw failure } }
      throw TrainingError.failedElsewhere(step: steps)
    }
    skipped += 1
    if communicator.node.thread == 0 { DebuggerStop.reach(.nonFinite) }
    let found = try NonFiniteSearch(model, communicator: communicator).run(on: batch)
    guard recipe.onNonfinite == .skip, skipped < Self.longestSkip else {
      throw TrainingError.nonFinite(epoch: batch.epoch + 1, step: batch.step + 1, found: found)
    }
    observer?.note(
      "step \(steps + 1) left out: its loss or gradient is not finite"
        + (found.map { ", \($0)" } ?? ""))
  }

  /// Writes rank 0's line of metrics; if that fails, the next step stops all ranks.
  private func record(_ batch: Batch, _ result: TrainingStep.Result, _ rate: Float) {
    guard let output = setup.output else { return }
    do {
      try output.write(step: [
        ("step", .integer(steps)), ("epoch", .integer(batch.epoch + 1)),
        ("samples", .integer(result.samples)), ("applied", .integer(result.isApplied ? 1 : 0)),
        ("train/loss", .number(result.loss)),
        ("train/accuracy", .number(Double(result.correct) / Double(result.samples))),
        ("train/learning-rate", .number(Double(rate))),
        (
          "train/gradient-norm-square",
          recipe.trainingPurpose == .trainingWithPenalty
            ? .number(result.gradientNormSquare) : .absent
        ),
        (
          "train/gradient-change-square",
          recipe.curePenalty > 0 ? .number(result.gradientChangeSquare) : .absent
        ),
      ])
    } catch { failure = error }
    observer?.step(progress(batch))
  }

  private func finishEpoch(_ number: Int, isEnd: Bool) throws -> Evaluator.Result? {
    communicator.programPoint = ProgramPoint(step: steps, .betweenSteps)
    try agreement.perform { if let failure { throw failure } }
    let (speed, seconds) = (epoch.imagesPerSecond, epoch.seconds)
    let times = times.endEpoch()
    let isEvaluated = isEnd || (number + 1) % recipe.evaluateEvery == 0
    let test = isEvaluated ? try evaluate() : nil
    tested = test.map { (steps, $0) } ?? tested
    communicator.programPoint = ProgramPoint(step: steps, .betweenSteps)
    model.refresh(.evaluation)
    let report = EpochReport(
      epoch: number + 1, epochs: recipe.epochs, step: steps, trainLoss: epoch.meanLoss,
      trainAccuracy: epoch.accuracy, test: test, geometry: NetworkGeometry(model),
      imagesPerSecond: speed, times: times)
    try agreement.performOnRoot {
      try setup.output?.write(report, seconds: seconds)
      try setup.output?.writeHistograms(model, step: steps)
    }
    observer?.epoch(report)
    if isEnd || recipe.measuresCurvature(after: number + 1) { try measureCurvature(number + 1) }
    if isEnd || (number + 1) % recipe.checkpointEvery == 0 {
      try checkpoint(isEnd ? .required : .optional)
    }
    epoch = EpochTotals()
    return test
  }

  /// Measures curvature for a line of metrics and for the next checkpoints.
  ///
  /// Collective.
  private func measureCurvature(_ epoch: Int) throws {
    guard let probe = setup.curvatureProbe else { return }
    let snapshot = try probe.measure(model, observer: surveyObserver)
    curvature = snapshot.values
    try agreement.performOnRoot { try setup.output?.write(snapshot, epoch: epoch, step: steps) }
    observer?.curvature(snapshot)
  }

  /// Collective.
  private func evaluate() throws -> Evaluator.Result {
    try Evaluator(
      model, setup.testData, communicator: communicator, observer: surveyObserver
    ).run()
  }

  /// Passes the progress of surveys on, on rank 0.
  private var surveyObserver: SurveyObserver? {
    observer.map { observer in { observer.survey($0) } }
  }

  /// Collective.
  private func checkpoint(_ need: CheckpointSaver.Need) throws {
    communicator.programPoint = ProgramPoint(step: steps, .checkpoint)
    let before = saver.times.waited
    try saver.save(state, need)
    trace?.ended(.checkpoint, after: .seconds(saver.times.waited - before))
  }

  private var state: TrainingState {
    TrainingState(
      epoch: position.epoch, step: steps, stepInEpoch: position.step,
      epochSums: position.step > 0 ? epoch.sums : EpochSums(), seed: recipe.seed,
      rankCount: communicator.size, curvature: curvature,
      testAccuracy: tested.flatMap { $0.step == steps ? $0.result.accuracy : nil })
  }

  private func summary(_ choice: GradientChoice) -> RunSummary {
    RunSummary(
      run: setup.runPath, threads: setup.threads,
      architecture: model.architecture, trainedParameters: model.flatParameters.count,
      trainSamples: setup.trainData.count, testSamples: setup.testData.count,
      epochs: recipe.epochs,
      stepsPerEpoch: sampler.stepsPerEpoch, batchSize: recipe.batchSize,
      planBytes: planBytes, dataBytes: dataBytes,
      gradientBuckets: trainingStep.reducer.bucketCount,
      reducedBytes: trainingStep.reducer.bytesPerStep, gradientChoice: choice,
      sumOrder: recipe.sumOrder, resumedAt: steps)
  }

  private func progress(_ batch: Batch) -> StepProgress {
    let perStep = epoch.seconds / Double(max(epoch.timedSteps, 1))
    let now = times.lastSeconds
    return StepProgress(
      epoch: batch.epoch + 1, epochs: recipe.epochs, step: batch.step,
      stepsPerEpoch: sampler.stepsPerEpoch, loss: epoch.meanLoss, accuracy: epoch.accuracy,
      imagesPerSecond: epoch.imagesPerSecond,
      imagesPerSecondNow: now > 0 ? Double(batch.globalCount) / now : 0,
      remainingInEpoch: perStep * Double(sampler.stepsPerEpoch - batch.step - 1),
      remaining: perStep * Double(max(plannedSteps - steps, 0)),
      share: Double(steps) / Double(max(plannedSteps, 1)), times: times.epochSum,
      checkpointSeconds: saver.times.waited)
  }

  /// The steps of the whole run.
  var plannedSteps: Int {
    min(recipe.maxSteps ?? Int.max, recipe.epochs * sampler.stepsPerEpoch)
  }
}
