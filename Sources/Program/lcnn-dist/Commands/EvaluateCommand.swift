import ArgumentParser
import Datasets
import Files
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

  @Option(
    help: ArgumentHelp("write the result as JSON", valueName: "file"), completion: .file())
  var json: String?

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    try ranks.run { try evaluate(over: $0) }
  }

  private func evaluate(over world: any Communicator) throws {
    let output = try Agreement(world).perform { try ResultOptions.open(json, on: world) }
    let display = world.rank == 0 ? SurveyDisplay(ranks.output.console) : nil
    display?.begin("reading the model and the data")
    let model = try trained.load(
      [samples.split], flags, for: .inference, settings: [], over: world, display: display
    ) { recipe in
      max((recipe.batchSize + world.size - 1) / world.size, recipe.sliceSize)
    }
    let data = model.data[0]
    let result = try Evaluator(
      model.network, data, communicator: world,
      observer: display.map { display in { display.show($0) } }
    ).run()
    display?.end()
    try Agreement(world).performOnRoot {
      let file = EvaluationFile(
        result, model: trained.model, file: model.file.path, origin: model.file.origin, of: data)
      try output?.write(ResultDocument.text(file))
    }
    guard world.rank == 0 else { return }
    let split = data.split.rawValue
    print(
      "\(data.name) \(split): \(result.samples) samples, "
        + "loss \(String(format: "%.4f", result.loss)), of \(model.file.path)")
    print("\(split) accuracy \(ConsoleProgress.percent(result.accuracy))")
  }
}
