import ArgumentParser
import Checkpoints
import Foundation
import Reporting

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "The paper's tables from several runs: geometry, accuracy and robust accuracy.",
    discussion: """
      Reads each run's recipe.json and metrics.jsonl, and what has been measured of it: \
      RUN/\(RunFile.curvature.rawValue) by curvature --json, RUN/\(RunFile.attack.rawValue) by \
      attack --json. A row stands for the runs whose recipes differ in the seed only, or in what \
      changes rounding at most; it shows their mean and, of several, ± its standard error. What is \
      missing is a dash, and standard error says how to make it.
      """)

  @Argument(help: ArgumentHelp("directories of runs", valueName: "run"), completion: .directory)
  var runs: [String]

  @Option(help: "text for people, a Markdown document's, or lines for programs")
  var format: ResultsTable.Format = .text

  mutating func run() throws {
    guard Ranks.speaks else { return }
    let paths = runs.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    if let twice = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
      throw ValidationError("\(twice) is named twice")
    }
    let table = try ResultsTable(paths.map { try RunResults($0) })
    print(table.formatted(as: format))
    for note in table.notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
  }
}

extension ResultsTable.Format: ExpressibleByArgument {}
