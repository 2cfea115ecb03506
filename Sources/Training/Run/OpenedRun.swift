import Checkpoints
import Networks
import Recipes

/// A run's directory as rank 0 has opened it: locked, with its files and its starting point.
///
/// The model holds the starting point's weights.
struct OpenedRun {
  let output: RunOutput
  /// The checkpoint's state; nil where the run begins at its first step.
  let state: TrainingState?

  /// Creates the directory of a new run, and makes its initial weights.
  init(
    creating path: String, isDefaultName: Bool, initial: String?, recipe: Recipe, model: Model,
    environment: RunEnvironment, note: (String) -> Void
  ) throws {
    var environment = environment
    // Before the disk is touched.
    environment.initial = try Self.initialize(model, recipe, from: initial, note: note)
    let directory = try RunDirectory(creating: path, start: isDefaultName ? .unique : .fresh)
    let lock = try directory.openEnvironment()
    // Another process may have begun a run here meanwhile.
    try directory.requireFresh()
    output = try RunOutput(
      directory, lock: lock, recipe: recipe, environment: environment, resumingAt: nil)
    state = nil
  }

  /// Opens a run, and loads its newest checkpoint that is whole.
  ///
  /// A run without a checkpoint starts at its beginning.
  init(
    resuming path: String, recipe: Recipe, model: Model, stepsPerEpoch: Int,
    environment: RunEnvironment, note: (String) -> Void
  ) throws {
    var environment = environment
    let directory = try RunDirectory(opening: path)
    guard RunDirectory.holdsRun(path) else { throw TrainingError.nothingToResume(run: path) }
    let lock = try directory.openEnvironment()
    let store = CheckpointStore(directory: directory)
    for remains in try store.remains() {
      note("\(remains): left by an interrupted save or removal, ignored")
    }
    let starts = try RunEnvironment.starts(of: directory)
    let checkpoint = try store.latest(note: note)
    try Self.checkSameData(environment, as: starts, directory, recipe, checkpoint)
    if let last = starts.last { environment.differences(from: last).forEach(note) }
    if let checkpoint {
      try checkpoint.state.check(stepsPerEpoch: stepsPerEpoch, path: checkpoint.path)
      if let trained = try checkpoint.recipe {
        let change = RecipeChange(
          from: trained, to: recipe, position: checkpoint.state, stepsPerEpoch: stepsPerEpoch)
        try change.check()
        change.lines.forEach(note)
      }
      try model.load(
        FileState(checkpoint.model, path: checkpoint.path), from: checkpoint.path)
      try model.loadOptimizer(
        FileState(checkpoint.optimizer, path: checkpoint.path), from: checkpoint.path)
      try store.setAside(after: checkpoint.state.step, note: note)
    } else {
      note("\(path) has no checkpoint yet: it starts at its beginning")
      if let before = starts.last?.wholeRecipe {
        let beginning = TrainingState(
          epoch: 0, step: 0, stepInEpoch: 0, seed: recipe.seed, rankCount: 1)
        RecipeChange(
          from: before, to: recipe, position: beginning, stepsPerEpoch: stepsPerEpoch
        ).lines.forEach(note)
      }
      environment.initial = try Self.initialize(
        model, recipe, from: starts.last?.initial?.path, note: note)
      if let before = starts.last?.initial, before != environment.initial {
        throw TrainingError.initialChanged(path: before.path)
      }
    }
    state = checkpoint?.state
    environment.step = state?.step ?? 0
    output = try RunOutput(
      directory, lock: lock, recipe: recipe, environment: environment,
      resumingAt: environment.step,
      isWithinEpoch: (state?.stepInEpoch ?? 0) > 0
        && environment.step < recipe.maxSteps ?? Int.max)
  }

  /// Sets the weights of a run's beginning, and returns the model file that they come from.
  private static func initialize(
    _ model: Model, _ recipe: Recipe, from initial: String?, note: (String) -> Void
  ) throws -> RunEnvironment.InitialModel? {
    model.initialize(seed: recipe.seed)
    guard let initial else { return nil }
    let file = try ModelFile(initial, note: note)
    try model.load(file.dictionary, from: file.path)
    return RunEnvironment.InitialModel(path: file.path, sha256: file.digest)
  }

  /// Refuses other data than the run's, whatever directory they are read from.
  private static func checkSameData(
    _ now: RunEnvironment, as starts: [RunEnvironment], _ directory: RunDirectory,
    _ recipe: Recipe, _ checkpoint: Checkpoint?
  ) throws {
    guard let last = starts.last else { return }
    guard last.trainData == now.trainData else {
      throw TrainingError.dataChanged(what: "training samples", run: directory.path)
    }
    let trained = try checkpoint?.recipe?.testSamples ?? recipe.testSamples
    // How many test samples are taken may change, what they are may not.
    guard trained != recipe.testSamples || starts.contains(where: { $0.testData == now.testData })
    else { throw TrainingError.dataChanged(what: "test samples", run: directory.path) }
  }
}

extension Checkpoint {
  /// The recipe that trained the model; nil if the file carries none.
  var recipe: Recipe? {
    get throws {
      try model.metadata[ModelFile.recipeKey].map {
        try Recipe(yaml: $0, source: "\(path)/\(Checkpoint.modelFile) (\(ModelFile.recipeKey))")
      }
    }
  }
}
