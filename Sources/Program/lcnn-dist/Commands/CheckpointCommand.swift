import ArgumentParser
import Checkpoints
import Failures
import Reporting

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "List, check, show, compare and remove a run's checkpoints.",
    subcommands: [List.self, Verify.self, Inspect.self, Compare.self, Prune.self])

  /// The argument that names a run.
  struct RunArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("directory of a run", valueName: "run"), completion: .directory)
    var run: String

    func store() throws -> CheckpointStore {
      CheckpointStore(directory: try RunDirectory(opening: run))
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A line per checkpoint: step, epoch, test accuracy, bytes, and best or latest.")

    @OptionGroup var argument: RunArgument

    func run() throws {
      guard Ranks.isRoot else { return }
      print(try CheckpointList(argument.store()).text)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every file of every checkpoint against its SHA-256.",
      discussion: "Exit code \(ExitStatus.unusableInput.rawValue) if any is damaged.")

    @OptionGroup var argument: RunArgument

    func run() throws {
      guard Ranks.isRoot else { return }
      let store = try argument.store()
      var damaged: [String] = []
      for step in try store.steps() {
        do throws(CheckpointError) {
          _ = try store.checkpoint(step: step)
          print("\(store.path(step: step)): whole")
        } catch {
          damaged.append(store.path(step: step))
          print("\(store.path(step: step)): \(error)")
        }
      }
      guard damaged.isEmpty else { throw CheckpointError.damaged(paths: damaged) }
    }
  }

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The tensors of a model: shape, least and greatest value, mean.")

    @Argument(
      help: ArgumentHelp("a model file, a checkpoint, a run, RUN/latest or RUN/best"),
      completion: .file())
    var model: String

    func run() throws {
      guard Ranks.isRoot else { return }
      print(try TensorTable.describe(ModelReading.read(model)))
    }
  }

  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "The recipe keys and tensors in which two models differ, and by how much.")

    @Argument(help: "a model file, a checkpoint, a run, RUN/latest or RUN/best") var first: String
    @Argument(help: "another one") var second: String

    func run() throws {
      guard Ranks.isRoot else { return }
      print(try TensorTable.compare(ModelReading.read(first), ModelReading.read(second)))
    }
  }

  struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove all checkpoints but the newest, the best and those of each n-th epoch.")

    @OptionGroup var argument: RunArgument

    @Option(help: ArgumentHelp("number of newest checkpoints to keep", valueName: "n"))
    var keep = 1

    @Option(help: ArgumentHelp("number of those of the highest test accuracy", valueName: "n"))
    var keepBest = 0

    @Option(help: ArgumentHelp("keep also the checkpoint of each n-th epoch", valueName: "n"))
    var keepEvery: Int?

    @Flag(help: "only print what would be removed")
    var dryRun = false

    func validate() throws {
      for (name, value, least) in [
        ("--keep", keep, 1), ("--keep-best", keepBest, 0), ("--keep-every", keepEvery ?? 1, 1),
      ] where value < least {
        throw ValidationError("\(name) \(value) must be at least \(least)")
      }
    }

    func run() throws {
      guard Ranks.isRoot else { return }
      let store = try argument.store()
      let retention = CheckpointStore.Retention(
        newest: keep, best: keepBest, everyEpochs: keepEvery)
      if dryRun {
        for step in try store.surplus(retention) { print(store.path(step: step)) }
        return
      }
      // While the run is trained, its own rules hold.
      let lock = try RunDirectory(opening: argument.run).openEnvironment()
      try withExtendedLifetime(lock) {
        for step in try store.prune(retention) { print("removed \(store.path(step: step))") }
      }
    }
  }

  /// Reads a model for a command that needs no data.
  private enum ModelReading {
    static func read(_ path: String) throws -> ModelOfTable {
      try ModelOfTable(path) { Ranks.log("lcnn-dist: \($0)") }
    }
  }
}
