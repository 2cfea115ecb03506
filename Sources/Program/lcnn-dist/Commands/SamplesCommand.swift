import ArgumentParser
import Datasets

struct SamplesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "samples",
    abstract: "Print which training samples each step takes: one line of indices per step.",
    discussion: """
      The order depends only on the seed and the epoch. Each rank takes a contiguous part of a line.
      """)

  /// The recipe and the number of steps.
  struct Selection: ParsableArguments {
    @Option(help: ArgumentHelp("as for train", valueName: "file or name"))
    var recipe = "digits"

    @Option(help: ArgumentHelp("number of steps, from the start of the run", valueName: "n"))
    var steps: Int

    func validate() throws {
      guard steps > 0 else { throw ValidationError("--steps \(steps) must be at least 1") }
    }
  }

  @OptionGroup(title: "SAMPLES")
  var selection: Selection

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    let recipe = try flags.resolved(from: selection.recipe)
    let sampler = recipe.sampler(for: try recipe.load(.train))
    guard Ranks.isRoot else { return }
    for step in 0..<selection.steps {
      let (epoch, index) = step.quotientAndRemainder(dividingBy: sampler.stepsPerEpoch)
      let batch = sampler.globalBatch(step: index, epoch: epoch)
      print(batch.map(String.init).joined(separator: " "))
    }
  }
}
