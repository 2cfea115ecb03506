import ArgumentParser
import Benchmarks
import MessagePassing
import Recipes
import Reporting

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the machine, kernels, the training step and sums over ranks; predict more.",
    discussion: """
      - machine: peak arithmetic and memory bandwidth of a core
      - kernels: kernels of each layer, beside the peaks
      - step: a training step, by pass, by layer and by part
      - arms: step time of each training arm over that of the standard arm
      - allreduce: allreduces of several sizes over the ranks
      - overlap: share of the gradients' allreduce that is hidden behind computing
      - scaling: ranks of one job, against as many independent jobs and against one rank
      - reproducible: cost of reproducible sums
      - diagnosis: cost of recording collectives, of the watchdog and of comparing replicas
      - observation: cost of metrics, event files, the display and a trace
      - model: measured and predicted step time, and predicted efficiency on 8 to 1024 ranks

      The images are noise in the size of the recipe's data set; no data files are read. All ranks \
      measure at the same time, and the times of rank 0 are printed.
      """)

  @Argument(help: "what to measure (default: all)")
  var sections: [BenchmarkSection] = []

  /// Options of the measurements and of the measured network.
  struct Measurement: ParsableArguments {
    @Flag(help: "repeat each measurement only a few times, to see that it works")
    var quick = false

    @Option(
      help: ArgumentHelp("write all that was measured", valueName: "file"), completion: .file())
    var json: String?

    @Option(
      help: ArgumentHelp("as for train", valueName: "file or name"),
      completion: RecipeCompletion.kind)
    var recipe = "digits"

    @Option(help: "as for train; arms measures all of them")
    var arm: Arm?
  }

  @OptionGroup(title: "MEASUREMENT")
  var measurement: Measurement

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    let world = try ranks.join()
    let recipe = try Agreement(world).perform {
      try flags.resolved(from: measurement.recipe, arm: measurement.arm)
    }
    let diagnosis = asked.contains(.diagnosis) ? Ranks.makeDiagnosisSwitch() : nil
    try ranks.onThreads(of: diagnosis?.communicator ?? world, mostShares: recipe.mostShares) {
      try measure(recipe, over: $0, diagnosis)
    }
  }

  private var asked: Set<BenchmarkSection> {
    Set(sections.isEmpty ? BenchmarkSection.allCases : sections)
  }

  private func measure(
    _ recipe: Recipe, over communicator: any Communicator, _ diagnosis: DiagnosisSwitch?
  ) throws {
    let agreement = Agreement(communicator)
    let isRoot = communicator.rank == 0
    let file = try agreement.perform {
      try ResultOptions.open(measurement.json, on: communicator)
    }
    let findings = try Benchmark(
      recipe, communicator: communicator, diagnosis: diagnosis,
      display: ConsoleProgress.unseen(), measurement.quick ? .quick : .standard,
      note: { if isRoot { Ranks.logger.info("\($0)") } }
    ).run(asked)
    try agreement.performOnRoot { try file?.write(try findings.json()) }
    if isRoot { print(BenchmarkReport(findings).text(asked)) }
  }
}

extension BenchmarkSection: ExpressibleByArgument {}
