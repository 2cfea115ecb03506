import ArgumentParser
import Checkpoints
import Foundation
import MessagePassing
import Reporting
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network; without options the built-in digits recipe.",
    discussion: """
      Every key of a recipe is also a flag, which overrides it; lists are written \
      16,32. A run writes recipe.json, metrics.jsonl, timings.jsonl, environment.jsonl and checkpoints \
      into its directory. SIGTERM, SIGINT and SIGUSR1 end it after a checkpoint, with \
      exit code \(ExitStatus.stopped.rawValue).
      """)

  @Option(
    help: ArgumentHelp(
      "a recipe's file or the name of a built-in one (default: digits, or the run's own with --resume)",
      valueName: "file or name"), completion: .file(extensions: ["yaml", "json"]))
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      "a row of the paper's tables: sets what is minimised, in any recipe; see recipe --arms"))
  var arm: Arm?

  @Option(
    name: .customLong("run"), help: "the run's directory (default: runs/RECIPE-DATE)",
    completion: .directory)
  var runPath: String?

  @Flag(help: "go on from the newest checkpoint of --run")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "start from the weights of a model file, a checkpoint or a run", valueName: "model"),
    completion: .file())
  var initial: String?

  @Option(help: "a moving line, or plain lines; auto: as standard output is a terminal or not")
  var progress: ConsoleProgress.Style = .auto

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var vectorUnits: VectorUnitOptions

  @OptionGroup(title: "HANGS")
  var watch: WatchOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func validate() throws {
    if resume && runPath == nil { throw ValidationError("--resume needs --run") }
    if resume && initial != nil { throw ValidationError("--initial is for a fresh run") }
  }

  mutating func run() throws {
    let world = try Ranks.join(watch)
    let logger = Ranks.logger
    logger.info("\(Ranks.blas)")
    try Ranks.agreeOnKernels(vectorUnits)
    let recipe = try Agreement(world).perform { try resolvedRecipe() }
    let versions = RunEnvironment.Versions(
      program: LCNNDist.version, messagePassing: Ranks.messagePassing, blas: "\(Ranks.blas)")
    let command = self
    let count = try threads.count(in: world, mostShares: recipe.mostShares)
    try Ranks.onThreads(count, of: world) { try command.train(recipe, versions, over: $0) }
  }

  private func train(
    _ recipe: Recipe, _ versions: RunEnvironment.Versions, over communicator: any Communicator
  ) throws {
    let drill = try Agreement(communicator).perform {
      try Drill(environment: ProcessInfo.processInfo.environment, ranks: communicator.size)
    }
    let observer = communicator.rank == 0 ? ConsoleProgress(style: progress) : nil
    let setup = try TrainerSetup(
      recipe, run: runPath ?? defaultRun(), start: resume ? .resume : .fresh(initial: initial),
      versions: versions, communicator: communicator, note: { observer?.note($0) })
    let run = setup.sharedRunPath()
    if let drill { observer?.note("\(drill)") }
    try communicator.oncePerProcess {
      Ranks.watch(run: run)
      // Not before: until there are steps to agree in, a signal just ends the program.
      StopSignal.install()
    }
    let result = try setup.makeTrainer(observer: observer, drill: drill).run()
    observer?.finish(result)
  }

  private func resolvedRecipe() throws -> Recipe {
    var recipe = try Recipe.load(try self.recipe ?? recipeOfRun() ?? "digits")
    if let arm { try recipe.apply(arm) }
    try flags.apply(to: &recipe)
    try recipe.validate()
    return recipe
  }

  /// The recipe of the run to go on with; none for a fresh run.
  private func recipeOfRun() throws -> String? {
    guard resume, let runPath else { return nil }
    let path = "\(try RunDirectory(opening: runPath).path)/recipe.json"
    guard FileManager.default.fileExists(atPath: path) else {
      throw TrainingError.nothingToResume(run: runPath)
    }
    return path
  }

  private func defaultRun() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd-HHmmss"
    let base = URL(fileURLWithPath: recipe ?? "digits").deletingPathExtension().lastPathComponent
    let name = ([base] + (arm.map { [$0.rawValue] } ?? [])).joined(separator: "-")
    return "runs/\(name)-\(formatter.string(from: Date()))"
  }
}

extension ConsoleProgress.Style: ExpressibleByArgument {}
extension Arm: ExpressibleByArgument {}
