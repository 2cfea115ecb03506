import ArgumentParser
import Datasets
import MessagePassing
import Networks
import Recipes
import Training

/// A trained model, built for a purpose, and its samples.
struct TrainedModel {
  let file: ModelFile
  let recipe: Recipe
  let network: Model
  /// Data sets, one per split.
  let data: [Dataset]
}

extension TrainedModelOptions {
  /// Reads the model and `splits` once per process, and builds the network.
  ///
  /// Collective among the threads of a process.
  /// - Parameter maximumSamples: largest number of samples in a pass of the network.
  func load(
    _ splits: [Dataset.Split], _ flags: RecipeFlags, for purpose: ModelConfiguration.Purpose,
    over world: any Communicator, maximumSamples: (Recipe) -> Int
  ) throws -> TrainedModel {
    let (file, recipe, data) = try world.oncePerProcess {
      let (file, recipe) = try read(flags)
      return (file, recipe, try splits.map { try load($0, of: recipe) })
    }
    let network = try Model(
      recipe.networkArchitecture(for: data[0]),
      ModelConfiguration(
        purpose, maximumSamples: maximumSamples(recipe), slices: recipe.slices),
      communicator: world)
    try network.load(file.dictionary, from: file.path)
    return TrainedModel(file: file, recipe: recipe, network: network, data: data)
  }

  /// Reads the model's file, and its recipe with the flags applied.
  private func read(_ flags: RecipeFlags) throws -> (file: ModelFile, recipe: Recipe) {
    let file = try ModelFile(model)
    guard var recipe = try recipe.map(Recipe.load) ?? file.recipe else {
      throw ValidationError("\(file.path) carries no recipe; name one by --recipe")
    }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return (file, recipe)
  }

  private func load(_ split: Dataset.Split, of recipe: Recipe) throws -> Dataset {
    let whole = try recipe.load(split)
    return whole.prefix(min(samples ?? whole.count, whole.count))
  }
}
