import ArgumentParser
import Datasets

/// Options for a trained model, its recipe and the number of samples.
struct TrainedModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "a model.safetensors, the directory of a checkpoint or a run, RUN/latest or RUN/best",
      valueName: "model"),
    completion: .file())
  var model: String

  @Option(
    help: ArgumentHelp(
      "recipe of a model file that carries none", valueName: "file or name"),
    completion: RecipeCompletion.kind)
  var recipe: String?

  @Option(help: ArgumentHelp("use only the first n samples of a split", valueName: "n"))
  var samples: Int?

  func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples \(samples) must be at least 1")
    }
  }
}
