import ArgumentParser
import Checkpoints
import Failures
import Files
import Foundation
import MessagePassing
import Recipes
import Reporting
import Surveys
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network; without options the built-in digits recipe.",
    discussion: """
      Every key of a recipe is also a flag, which overrides it; lists are written \
      16,32. A run writes recipe.json, metrics.jsonl, timings.jsonl, environment.jsonl and checkpoints \
      into its directory. SIGTERM, SIGINT, SIGHUP, SIGUSR1, a file RUN/STOP and the end of a \
      Slurm job's time end it after a checkpoint, with exit code \(ExitStatus.stopped.rawValue); \
      a second signal ends it at once. A file RUN/SAVE asks for a checkpoint.
      """)

  /// Whether a run goes on; `--resume` alone stands for `--resume always`.
  enum Resumption: String, ExpressibleByArgument, CaseIterable { case always, auto }

  /// Options that name the recipe, the starting point and the directory of the run.
  struct RunOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "a recipe's file or the name of a built-in one (default: digits, or the run's own with --resume)",
        valueName: "file or name"), completion: RecipeCompletion.kind)
    var recipe: String?

    @Option(
      help: ArgumentHelp(
        "a row of the paper's tables: sets what is minimised, in any recipe; see recipe --arms"))
    var arm: Arm?

    @Option(
      name: .customLong("run"),
      help: ArgumentHelp(
        "the run's directory (default: runs/RECIPE-ARM-SEED-DATE)", valueName: "directory"),
      completion: .directory)
    var path: String?

    @Option(
      help: ArgumentHelp(
        """
        go on from the newest checkpoint of --run that is whole, or from its beginning; auto: or \
        start the run if there is none
        """, valueName: "auto"))
    var resume: Resumption?

    @Option(
      help: ArgumentHelp(
        "start from the weights of a model file, a checkpoint or a run", valueName: "model"),
      completion: .file())
    var initial: String?

    @Flag(help: "write the spans of all ranks' first steps into RUN/trace.json, for Perfetto")
    var trace = false

    @Option(
      help: ArgumentHelp(
        "keep each rank's part of this step in the run's directory, for replay", valueName: "step"))
    var dumpBatch: Int?

    func validate() throws {
      if let step = dumpBatch, step < 1 {
        throw ValidationError("--dump-batch \(step) must be at least 1, the first step")
      }
      if resume != nil && path == nil { throw ValidationError("--resume needs --run") }
      if resume == .always && initial != nil {
        throw ValidationError("--initial is for a fresh run")
      }
    }
  }

  @OptionGroup(title: "RUN")
  var options: RunOptions

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    let world = try ranks.join()
    // Each of them decides which collectives a rank makes.
    try Agreement(world).requireSame([
      ("--resume", options.resume?.rawValue ?? "none"), ("--trace", "\(options.trace)"),
      ("--dump-batch", options.dumpBatch.map { "\($0)" } ?? "none"),
    ])
    let resumes = try resumes(world)
    let recipe = try Agreement(world).perform { try resolvedRecipe(resumes: resumes) }
    let versions = RunEnvironment.Versions(
      program: LCNNDist.version, messagePassing: Ranks.messagePassing, blas: "\(Ranks.blas)")
    try ranks.onThreads(of: world, mostShares: recipe.mostShares) {
      try train(recipe, resumes: resumes, versions, over: $0)
    }
  }

  private func train(
    _ recipe: Recipe, resumes: Bool, _ versions: RunEnvironment.Versions,
    over communicator: any Communicator
  ) throws {
    let communicator: any Communicator =
      options.dumpBatch == nil ? communicator : RecordingCommunicator(communicator)
    let fault = try Agreement(communicator).perform {
      try FaultInjection(environment: ProcessInfo.processInfo.environment, ranks: communicator.size)
    }
    let observer = communicator.rank == 0 ? ConsoleProgress(ranks.output.console) : nil
    defer { observer?.end() }
    observer?.prepare("reading the data and building the network")
    let setup = try TrainerSetup(
      recipe, run: options.path ?? defaultRun(seed: recipe.seed),
      isDefaultName: options.path == nil,
      start: resumes ? .resume : .fresh(initial: options.initial),
      versions: versions, communicator: communicator,
      onLoading: observer.map { observer in { observer.survey(SurveyProgress($0)) } },
      note: { observer?.note($0) })
    if let fault { observer?.note("\(fault)") }
    try communicator.oncePerProcess {
      Ranks.watch(run: setup.runPath)
      // Before training there is no step in which ranks could agree to stop, so a signal must end
      // the program.
      StopSignal.install()
    }
    let trainer = try setup.makeTrainer(
      observer: observer, fault: fault, traces: options.trace, keptStep: options.dumpBatch)
    let result = try trainer.run()
    observer?.finish(result)
  }

  /// Whether there is a run to go on with, as rank 0 sees the disk.
  ///
  /// Collective.
  private func resumes(_ world: any Communicator) throws -> Bool {
    guard options.resume == .auto, let run = options.path else { return options.resume != nil }
    return world.fromRoot(RunDirectory.holdsRun(run) ? 1 : 0) == 1
  }

  private func resolvedRecipe(resumes: Bool) throws -> Recipe {
    guard resumes, options.recipe == nil, let run = options.path else {
      return try flags.resolved(from: options.recipe ?? "digits", arm: options.arm)
    }
    return try flags.resolved(try recipe(ofRun: run), arm: options.arm)
  }

  /// The recipe of the run to resume: its file, that of its newest checkpoint, or that of a start
  /// which did not come to either.
  private func recipe(ofRun run: String) throws -> Recipe {
    let directory = try RunDirectory(opening: run)
    let path = directory.path(of: .recipe)
    if FileManager.default.fileExists(atPath: path) {
      let json = try InputFile.contents(of: path)
      return try Recipe(yaml: String(decoding: json, as: UTF8.self), source: path)
    }
    let store = CheckpointStore(directory: directory)
    let checkpoint = try store.latest { Ranks.logger.warning("\($0)") }
    let recipe =
      try checkpoint.flatMap { try ModelFile($0.path, note: { _ in }).recipe }
      ?? RunEnvironment.starts(of: directory).last?.wholeRecipe
    guard let recipe else { throw TrainingError.nothingToResume(run: run) }
    return recipe
  }

  /// A name for a run, which begins like the recipe's.
  private func defaultRun(seed: UInt64) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd-HHmmss"
    let base = URL(fileURLWithPath: options.recipe ?? "digits").deletingPathExtension()
      .lastPathComponent
    let name = [base] + (options.arm.map { [$0.rawValue] } ?? []) + ["seed\(seed)"]
    return "runs/\(name.joined(separator: "-"))-\(formatter.string(from: Date()))"
  }
}

extension Arm: ExpressibleByArgument {}
