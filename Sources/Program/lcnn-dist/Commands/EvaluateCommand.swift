import ArgumentParser
import Datasets
import Foundation
import MessagePassing
import Networks
import Reporting
import Surveys

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Loss and accuracy of a trained model, every sample exactly once.")

  @OptionGroup(title: "MODEL AND SAMPLES")
  var trained: TrainedModelOptions

  @OptionGroup(title: "MODEL AND SAMPLES")
  var samples: SplitOption

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    try ranks.run { try evaluate(over: $0) }
  }

  private func evaluate(over world: any Communicator) throws {
    let (network, data) = try Agreement(world).perform { try prepare(world) }
    let result = try Evaluator(network, data, communicator: world).run()
    guard world.rank == 0 else { return }
    let split = data.split.rawValue
    print(
      "\(data.name) \(split): \(result.samples) samples, "
        + "loss \(String(format: "%.4f", result.loss))")
    print("\(split) accuracy \(ConsoleProgress.percent(result.accuracy))")
  }

  private func prepare(_ world: any Communicator) throws -> (Model, Dataset) {
    let (file, recipe, data) = try world.oncePerProcess {
      let (file, recipe) = try trained.read(flags)
      return (file, recipe, try trained.load(samples.split, of: recipe))
    }
    let share = max((recipe.batchSize + world.size - 1) / world.size, recipe.sliceSize)
    let network = try Model(
      recipe.networkArchitecture(for: data),
      ModelConfiguration(.inference, maximumSamples: share, slices: recipe.slices),
      communicator: world)
    try network.load(file.dictionary, from: file.path)
    return (network, data)
  }
}
