import ArgumentParser
import Datasets
import Foundation
import MessagePassing
import Networks
import Recipes
import Reporting
import Training

struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "The network of a recipe or a model: blocks, shapes, parameters, work, memory.",
    discussion: """
      Nothing is trained, and the data set is read only for the format of its images. The memory is \
      that of one rank that trains the whole batch.
      """)

  @Argument(
    help: ArgumentHelp(
      "a recipe's file or name, a model file, a checkpoint or a run",
      valueName: "recipe or model"), completion: .file())
  var subject = "digits"

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  mutating func run() throws {
    guard Ranks.isRoot else { return }
    let recipe = try recipe()
    let dataset = try recipe.load(.test)
    let communicator = SoloCommunicator()
    let model = try Model(
      recipe.networkArchitecture(for: dataset),
      recipe.modelConfiguration(largestShare: recipe.batchSize), communicator: communicator)
    print(NetworkDescription(model, batch: recipe.batchSize).text)
  }

  /// The recipe of the subject, with the flags applied.
  private func recipe() throws -> Recipe {
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: subject, isDirectory: &isDirectory)
    guard exists, isDirectory.boolValue || subject.hasSuffix(".safetensors") else {
      return try flags.resolved(from: subject)
    }
    guard var recipe = try ModelFile(subject, note: { Ranks.logger.warning("\($0)") }).recipe else {
      throw ValidationError("\(subject) carries no recipe; describe its recipe instead")
    }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return recipe
  }
}
