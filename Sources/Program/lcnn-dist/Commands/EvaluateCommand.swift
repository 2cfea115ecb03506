import ArgumentParser
import Datasets
import Foundation
import MessagePassing
import Reporting
import Surveys

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Loss and accuracy of a trained model over a whole split.")

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
    let model = try Agreement(world).perform {
      try trained.load([samples.split], flags, for: .inference, over: world) { recipe in
        max((recipe.batchSize + world.size - 1) / world.size, recipe.sliceSize)
      }
    }
    let data = model.data[0]
    let result = try Evaluator(model.network, data, communicator: world).run()
    guard world.rank == 0 else { return }
    let split = data.split.rawValue
    print(
      "\(data.name) \(split): \(result.samples) samples, "
        + "loss \(String(format: "%.4f", result.loss))")
    print("\(split) accuracy \(ConsoleProgress.percent(result.accuracy))")
  }
}
