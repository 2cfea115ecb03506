import ArgumentParser
import Datasets
import Foundation
import MessagePassing
import Networks
import Reporting
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Loss and accuracy of a trained model, every sample exactly once.")

  enum Split: String, ExpressibleByArgument, CaseIterable { case train, test }

  @OptionGroup(title: "HANGS")
  var watch: WatchOptions

  @OptionGroup(title: "MODEL AND RECIPE")
  var trained: TrainedModelOptions

  @Option(help: "the samples to evaluate on")
  var split: Split = .test

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var vectorUnits: VectorUnitOptions

  mutating func run() throws {
    let world = try Ranks.join(watch)
    let logger = Ranks.logger
    logger.info("\(Ranks.blas)")
    try Ranks.agreeOnKernels(vectorUnits)
    let command = self
    let count = try threads.count(in: world)
    try Ranks.onThreads(count, of: world) { try command.evaluate(over: $0) }
  }

  private func evaluate(over world: any Communicator) throws {
    let (network, data) = try Agreement(world).perform { try prepare(world) }
    let result = try Evaluator(network, data, communicator: world).run()
    guard world.rank == 0 else { return }
    print(
      "\(data.name) \(split.rawValue): \(result.samples) samples, "
        + "loss \(String(format: "%.4f", result.loss))")
    print("\(split.rawValue) accuracy \(ConsoleProgress.percent(result.accuracy))")
  }

  private func prepare(_ world: any Communicator) throws -> (Model, Dataset) {
    let (file, recipe, data) = try world.oncePerProcess {
      let (file, recipe) = try trained.read()
      return (file, recipe, try recipe.load(split == .test ? .test : .train))
    }
    let share = max((recipe.batchSize + world.size - 1) / world.size, recipe.sliceSize)
    let network = try Model(
      recipe.architecture(for: data),
      ModelConfiguration(.inference, maximumSamples: share, slices: recipe.slices),
      communicator: world)
    try network.load(file.dictionary, from: file.path)
    return (network, data)
  }
}
