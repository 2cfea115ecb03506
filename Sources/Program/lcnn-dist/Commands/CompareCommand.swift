import ArgumentParser
import Reporting

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "What differs between two runs: recipe, environment and results.")

  @Argument(help: ArgumentHelp("directory of a run", valueName: "run"), completion: .directory)
  var first: String

  @Argument(help: ArgumentHelp("directory of another", valueName: "run"), completion: .directory)
  var second: String

  mutating func run() throws {
    guard Ranks.isRoot else { return }
    let comparison = try RunComparison(first, second)
    for problem in comparison.problems { Ranks.log(problem) }
    print(comparison.text)
  }
}
