import ArgumentParser
import Reporting

package struct ReferenceCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "reference",
    abstract: "Print a table of the documentation, as Markdown.",
    discussion: """
      The pages of the documentation hold these tables between two marks; launch/docs --refresh \
      puts them there.
      """)

  @Argument(help: "the table")
  var table: ReferenceTable

  package init() {}

  package mutating func run() throws { print(try Self.text(of: table)) }

  /// Returns the table as Markdown.
  package static func text(of table: ReferenceTable) throws -> String {
    try table.markdown(of: try CommandDescription(parserDump: LCNNDist._dumpHelp()))
  }
}

extension ReferenceTable: ExpressibleByArgument {}
