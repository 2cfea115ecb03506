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
      machine: peaks of a core. kernels: the loops of each layer beside the peaks. step: a \
      training step by pass, layer and what its time is made of. arms: the step of every training \
      arm over that of the standard one. allreduce: sums over two ranks or threads, or more. overlap: what computing hides of the gradients' sums. scaling: what \
      ranks of one job make of as many jobs at the same time, and of one rank. reproducible: what \
      reproducible sums cost. diagnosis: what the ledger of collectives, the watchdog and the \
      comparison of replicas cost. model: measured and predicted step, and predicted efficiency \
      on 8 to 1024 ranks.

      Images are noise of the size of the recipe's data set; no data files are read. All ranks \
      measure at the same time, and rank 0's times are printed.
      """)

  @Argument(help: "what to measure (default: all)")
  var sections: [BenchmarkSection] = []

  /// Options of the measurements and of the measured network.
  struct Measurement: ParsableArguments {
    @Flag(help: "few runs of each measurement: to see that it works")
    var quick = false

    @Option(
      help: ArgumentHelp("write all that was measured", valueName: "file"), completion: .file())
    var json: String?

    @Option(help: ArgumentHelp("as for train", valueName: "file or name"))
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
      measurement.quick ? .quick : .standard,
      note: { if isRoot { Ranks.logger.info("\($0)") } }
    ).run(asked)
    try agreement.performOnRoot { try file?.write(try findings.json()) }
    if isRoot { print(BenchmarkReport(findings).text(asked)) }
  }
}

extension BenchmarkSection: ExpressibleByArgument {}
