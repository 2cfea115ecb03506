import ArgumentParser
import Datasets
import Recipes
import Training

/// A trained model on the command line, the recipe that says what it is, and how many samples it is shown.
struct TrainedModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "a model.safetensors, a checkpoint's directory or a run's", valueName: "model"),
    completion: .file())
  var model: String

  @Option(
    help: ArgumentHelp(
      "the recipe of a model file that carries none", valueName: "file or name"),
    completion: .file(extensions: ["yaml", "json"]))
  var recipe: String?

  @Option(help: ArgumentHelp("only the first n samples of a split", valueName: "n"))
  var samples: Int?

  func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples \(samples) must be at least 1")
    }
  }

  /// The model's file, and its recipe with the flags applied.
  func read(_ flags: RecipeFlags) throws -> (file: ModelFile, recipe: Recipe) {
    let file = try ModelFile(model)
    guard var recipe = try recipe.map(Recipe.load) ?? file.recipe else {
      throw ValidationError("\(file.path) carries no recipe; name one by --recipe")
    }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return (file, recipe)
  }

  /// The samples of a split that the model is shown.
  func load(_ split: Dataset.Split, of recipe: Recipe) throws -> Dataset {
    let whole = try recipe.load(split)
    return whole.prefix(min(samples ?? whole.count, whole.count))
  }
}

/// The one split whose samples a model is shown.
struct SplitOption: ParsableArguments {
  @Option(help: "whose samples: those for training or those for testing")
  var split: Dataset.Split = .test
}

extension Dataset.Split: ExpressibleByArgument {}
