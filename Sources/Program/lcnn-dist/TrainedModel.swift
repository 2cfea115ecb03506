import ArgumentParser
import Datasets
import Kernels
import MessagePassing
import Networks
import Recipes
import Reporting
import Surveys
import Training

/// A trained model, built for a purpose, and its samples.
struct TrainedModel {
  let file: ModelFile
  let recipe: Recipe
  let network: Model
  /// Data sets, one per split, and their SHA-256.
  let data: [Dataset]
  private let digests: [String]

  fileprivate init(
    file: ModelFile, recipe: Recipe, network: Model, data: [Dataset], digests: [String]
  ) {
    self.file = file
    self.recipe = recipe
    self.network = network
    self.data = data
    self.digests = digests
  }

  /// Settings that any measurement's results depend on, recorded in its state.
  var settings: [SurveyState.Setting] {
    [
      .init("program", LCNNDist.version), .init("model", file.digest),
      .init("network", "\(network.architecture)"),
    ]
      + zip(data, digests).map { data, digest in
        .init("\(data.split.rawValue) samples", "\(data.name) \(data.count) \(digest)")
      } + [
        .init("seed", "\(recipe.seed)"), .init("slice size", "\(recipe.sliceSize)"),
        .init("kernels", "\(BLASCoreType.current) \(VectorUnits.current)"),
      ]
  }
}

extension TrainedModelOptions {
  /// Reads the model and `splits` once per process, and builds the network.
  ///
  /// Collective. Ranks that differ in the model, the samples, the recipe or `settings` would measure
  /// a mixture, so they are refused.
  /// - Parameters:
  ///   - settings: the command's own settings, on which its results depend.
  ///   - display: rank 0's, which shows the reading of the data.
  ///   - maximumSamples: largest number of samples in a pass of the network.
  func load(
    _ splits: [Dataset.Split], _ flags: RecipeFlags, for purpose: ModelConfiguration.Purpose,
    settings: [(what: String, value: String)], over world: any Communicator,
    display: SurveyDisplay?, maximumSamples: (Recipe) -> Int
  ) throws -> TrainedModel {
    let agreement = Agreement(world)
    let observer: LoadingObserver = { progress in
      world.beat()
      display?.show(SurveyProgress(progress))
    }
    let (model, digests) = try agreement.perform {
      let (file, recipe, data, digests) = try world.oncePerProcess {
        let (file, recipe) = try read(flags)
        let data = try splits.map { try load($0, of: recipe, observer) }
        return (file, recipe, data, data.map { $0.sha256(observer: observer) })
      }
      let network = try Model(
        recipe.networkArchitecture(for: data[0]),
        ModelConfiguration(
          purpose, maximumSamples: maximumSamples(recipe), slices: recipe.slices),
        communicator: world)
      try network.load(file.dictionary, from: file.path)
      let model = TrainedModel(
        file: file, recipe: recipe, network: network, data: data, digests: digests)
      return (model, [file.digest] + digests)
    }
    // One node's path of the data may be another's.
    let recipe = model.recipe.jsonObject.filter { $0.key != "data" }.sorted { $0.key < $1.key }
    try agreement.requireSame(
      [("the model (SHA-256)", digests[0])] + recipe.map { ("--\($0.key)", "\($0.value)") }
        + settings + [("the splits", "\(splits)")])
    try agreement.requireSame(
      zip(splits, digests.dropFirst()).map {
        ("the \($0.rawValue) samples (SHA-256)", $1)
      })
    return model
  }

  /// Reads the model's file, and its recipe with the flags applied.
  private func read(_ flags: RecipeFlags) throws -> (file: ModelFile, recipe: Recipe) {
    let file = try ModelFile(model) { Ranks.logger.warning("\($0)") }
    if file.path != model { Ranks.logger.info("model: \(file.path)") }
    guard var recipe = try recipe.map(Recipe.load) ?? file.recipe else {
      throw ValidationError("\(file.path) carries no recipe; name one by --recipe")
    }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return (file, recipe)
  }

  private func load(
    _ split: Dataset.Split, of recipe: Recipe, _ observer: @escaping LoadingObserver
  ) throws -> Dataset {
    let whole = try recipe.load(split, observer: observer)
    guard let samples, samples > whole.count else { return whole.prefix(samples ?? whole.count) }
    let reason = try reason(whole, split, recipe)
    Ranks.logger.warning("--samples \(samples): \(whole.count) are measured, \(reason)")
    return whole
  }

  /// Why there are no more samples than `whole` has.
  private func reason(
    _ whole: Dataset, _ split: Dataset.Split, _ recipe: Recipe
  ) throws -> String {
    let everything = "the whole \(split.rawValue) split"
    guard (split == .train ? recipe.trainSamples : recipe.testSamples) != nil else {
      return everything
    }
    var unlimited = recipe
    let key = "\(split.rawValue)-samples"
    try unlimited.set(key: key, text: "null")
    let count = try unlimited.load(split).count
    return count > whole.count
      ? "the recipe's \(key), of \(count) samples; --\(key) null takes all" : everything
  }
}
