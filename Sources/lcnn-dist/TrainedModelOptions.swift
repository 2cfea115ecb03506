import ArgumentParser
import Training

/// A trained model on the command line, and the recipe that says what it is.
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

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  /// The model's file, and its recipe with the flags applied.
  func read() throws -> (file: ModelFile, recipe: Recipe) {
    let file = try ModelFile(model)
    guard var recipe = try recipe.map(Recipe.load) ?? file.recipe else {
      throw ValidationError("\(file.path) carries no recipe; name one by --recipe")
    }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return (file, recipe)
  }
}
