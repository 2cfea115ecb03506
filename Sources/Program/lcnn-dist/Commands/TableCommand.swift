import ArgumentParser
import Checkpoints
import Reporting

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "The paper's tables from several runs: geometry, accuracy and robust accuracy.",
    discussion: """
      Reads each run's recipe.json and metrics.jsonl, RUN/\(RunFile.curvature.rawValue) of \
      curvature --json and RUN/\(RunFile.attack.rawValue) of attack --json. A row stands for the \
      runs that were trained by recipes that differ only in the seed, or in keys that change \
      rounding at most; what a resumed run changed belongs to its row. It shows their mean and, \
      for several seeds, ± its standard error. A missing number is a dash, \
      and a line on standard error names the command that supplies it. Directories without a run \
      are skipped with a warning.
      """)

  @Argument(help: ArgumentHelp("directories of runs", valueName: "run"), completion: .directory)
  var runs: [String]

  @Option(help: "text for terminals, Markdown, or CSV for programs")
  var format: ResultsTable.Format = .text

  mutating func run() throws {
    guard Ranks.isRoot else { return }
    let paths = runs.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    if let twice = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
      throw ValidationError("\(twice) is named twice")
    }
    let (runs, skipped) = try RunResults.read(paths)
    let table = try ResultsTable(runs)
    for error in skipped { Ranks.log("skipped \(error)") }
    print(table.formatted(as: format))
    for note in table.notes { Ranks.log(note) }
  }
}

extension ResultsTable.Format: ExpressibleByArgument {}
