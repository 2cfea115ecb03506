import Datasets
import MessagePassing
import Networks
import Training

/// A recipe's training step on noise, with weights as at the start, which can be repeated for ever.
struct RepeatedStep {
  let step: TrainingStep
  let batch: Batch
  /// The communicator of the model's layers, whose collectives are timed.
  let layersCommunicator: TimedCommunicator
  let communicator: any Communicator
  private let share: SampleShare
  private let subject: BenchmarkSubject

  /// Collective.
  init(_ subject: BenchmarkSubject, _ communicator: any Communicator) throws {
    let recipe = subject.recipe
    let agreement = Agreement(communicator)
    layersCommunicator = TimedCommunicator(communicator)
    let layers = layersCommunicator
    let (model, share) = try agreement.perform {
      let model = try Model(
        subject.architecture, recipe.modelConfiguration(largestShare: subject.largestShare),
        communicator: layers)
      let noise = try recipe.noise(samples: recipe.batchSize)
      return (model, SampleShare(noise, share: subject.share))
    }
    if communicator.rank == 0 { model.initialize(seed: recipe.seed) }
    model.broadcast(over: communicator)
    let (curePenalty, adversary) = try agreement.perform {
      (try recipe.makeCUREPenalty(for: model), try recipe.adversary(for: model))
    }
    step = TrainingStep(
      model, objective: recipe.objective, curePenalty: curePenalty, adversary: adversary,
      optimizer: recipe.optimizer, communicator: communicator,
      bucketBytes: recipe.gradientPlans[0].bucketBytes)
    batch = share.batch
    self.share = share
    self.subject = subject
    self.communicator = communicator
  }

  /// Moves no weight, so that all steps compute alike.
  func run() { _ = step.run(batch, learningRate: 0) }

  /// The mean time of a step, in seconds, over so many of them from barrier to barrier.
  ///
  /// Collective.
  func seconds(steps: Int) -> Double {
    communicator.barrier()
    let start = ContinuousClock.now
    for _ in 0..<steps {
      run()
      communicator.beat()
    }
    communicator.barrier()
    return (ContinuousClock.now - start) / .seconds(1) / Double(steps)
  }

  /// The median trace of so many steps.
  ///
  /// Collective.
  func trace(steps: Int) -> StepTrace {
    let tracer = StepTracer(step, layersCommunicator: layersCommunicator)
    return StepTrace.median(of: (0..<steps).map { _ in tracer.trace(batch) })
  }

  /// The times of one step by their parts.
  ///
  /// Collective.
  func times() -> StepTimes {
    let timer = StepTimer(batchNorm: layersCommunicator, reducer: step.reducer)
    communicator.barrier()
    let start = timer.read()
    run()
    return timer.times(since: start)
  }

  /// Has the step reduce gradients as in a run of training: by the fastest plan in a trial, if
  /// there is a choice.
  ///
  /// Collective.
  func choosePlan() -> (plan: GradientPlan, trials: [GradientMeasurement]) {
    let plans = GradientTrial.distinct(subject.recipe.gradientPlans, by: step.reducer)
    guard communicator.size > 1, plans.count > 1 else {
      step.reducer.use(plans[0])
      return (plans[0], [])
    }
    let trials = GradientTrial(step, communicator: communicator).measure(plans, on: batch)
    let plan = GradientTrial.best(of: trials) ?? plans[0]
    step.reducer.use(plan)
    return (plan, trials)
  }
}
