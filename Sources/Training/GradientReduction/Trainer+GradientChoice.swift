import Datasets

extension Trainer {
  /// Chooses the gradient plan of the run, and stores it, so that every resumed run keeps it.
  ///
  /// Collective, before the first step.
  func chooseGradientPlan() throws -> GradientChoice {
    let asked = recipe.gradientPlans
    let plans = GradientTrial.distinct(asked, by: trainingStep.reducer)
    let choice: GradientChoice
    if communicator.size == 1 {
      choice = GradientChoice(plan: plans[0], reason: .alone)
    } else if asked.count == 1 {
      choice = GradientChoice(plan: plans[0], reason: .given)
    } else if plans.count == 1 {
      choice = GradientChoice(plan: plans[0], reason: .onlyOne)
    } else if let stored = storedPlan(among: plans) {
      choice = GradientChoice(plan: stored, reason: .stored)
    } else {
      let isShort = plannedSteps - steps < GradientTrial.shortestRun
      choice =
        isShort
        ? GradientChoice(plan: plans[0], reason: .shortRun) : try measuredChoice(among: plans)
      try store(choice)
    }
    trainingStep.reducer.use(choice.plan)
    return choice
  }

  private func measuredChoice(among plans: [GradientPlan]) throws -> GradientChoice {
    let prefetcher = try makePrefetcher()
    defer { prefetcher.stop() }
    guard let batch = prefetcher.next() else {
      return GradientChoice(plan: plans[0], reason: .shortRun)
    }
    let measured = GradientTrial(trainingStep, communicator: communicator)
      .measure(plans, on: batch)
    let chosen = GradientTrial.best(of: measured) ?? plans[0]
    return GradientChoice(plan: chosen, reason: .measured(measured))
  }

  private func store(_ choice: GradientChoice) throws {
    let measured: [GradientMeasurement] =
      if case .measured(let measurements) = choice.reason { measurements } else { [] }
    try agreement.performOnRoot {
      guard let output = setup.output else { return }
      try StoredGradientChoice(
        chosen: choice.plan, ranks: communicator.size, threads: setup.threads, measured: measured
      ).write(to: output.directory)
    }
  }

  /// The plan in the run's directory, as rank 0 reads it, if it is among `plans`.
  private func storedPlan(among plans: [GradientPlan]) -> GradientPlan? {
    var found: [UInt8] = []
    if let output = setup.output,
      let stored = StoredGradientChoice(
        of: output.directory, ranks: communicator.size, threads: setup.threads),
      let index = plans.firstIndex(of: stored.chosen)
    {
      found = [UInt8(index)]
    }
    return communicator.allGather(found)[0].first.map { plans[Int($0)] }
  }
}
