import Datasets
import MessagePassing
import Networks
import Training

extension BenchmarkSubject {
  /// The recipe's training step with weights as at the start, and this rank's share of a batch.
  ///
  /// Collective.
  /// - Parameter layersCommunicator: of the same ranks, for the model's layers.
  func makeStep(
    _ communicator: any Communicator, layersCommunicator: TimedCommunicator
  ) throws -> (step: TrainingStep, share: SampleShare) {
    let (model, share) = try Agreement(communicator).perform {
      let model = try Model(
        architecture,
        ModelConfiguration(
          recipe.trainingPurpose, maximumSamples: max(largestShare, recipe.sliceSize),
          slices: recipe.slices, batchNormScope: recipe.batchNormScope, sumOrder: recipe.sumOrder,
          precision: recipe.productPrecision),
        communicator: layersCommunicator)
      return (model, SampleShare(try recipe.noise(samples: recipe.batchSize), share: self.share))
    }
    if communicator.rank == 0 { model.initialize(seed: recipe.seed) }
    model.broadcast(over: communicator)
    let step = TrainingStep(
      model, objective: recipe.objective, optimizer: recipe.optimizer, communicator: communicator,
      bucketBytes: recipe.gradientPlans[0].bucketBytes)
    return (step, share)
  }

  /// Has `step` sum gradients as in a run of training: by the plan that is measured to be the best, where there
  /// is a choice.
  ///
  /// Collective.
  func choosePlan(
    of step: TrainingStep, on batch: Batch, _ communicator: any Communicator
  ) -> (plan: GradientPlan, trials: [GradientMeasurement]) {
    let plans = GradientTrial.distinct(recipe.gradientPlans, by: step.reducer)
    guard ranks > 1, plans.count > 1 else {
      step.reducer.use(plans[0])
      return (plans[0], [])
    }
    let trials = GradientTrial(step, communicator: communicator).measure(plans, on: batch)
    let plan = GradientTrial.best(of: trials) ?? plans[0]
    step.reducer.use(plan)
    return (plan, trials)
  }
}
