import ArgumentParser
import Foundation
import Reporting

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "The runs under a directory: state, epoch, accuracy, curvature, speed.",
    discussion: """
      A run is running while a process of this node holds its lock, or, on another host, while its \
      metrics have grown within two minutes. Otherwise it is finished if the recipe's last epoch is \
      done, stopped if its last step has a checkpoint, crashed if steps after the newest checkpoint \
      are lost, and empty if nothing was trained.
      """)

  @Argument(
    help: ArgumentHelp("directory of runs", valueName: "directory"), completion: .directory)
  var directory = "runs"

  @Option(help: "column that sorts the rows; numbers descend")
  var sort: RunList.Column = .name

  @Option(
    help: ArgumentHelp(
      "keep rows whose cell contains the text, as in state=running; repeatable",
      valueName: "column=text"))
  var filter: [String] = []

  @Flag(help: "print the table again every two seconds, until Ctrl-C")
  var watch = false

  func validate() throws { _ = try filters() }

  private func filters() throws -> [(column: RunList.Column, text: String)] {
    try filter.map { entry in
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let column = RunList.Column(rawValue: String(parts[0])) else {
        let names = RunList.Column.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError(
          "--filter \(entry): expected COLUMN=TEXT with a column of \(names)")
      }
      return (column, String(parts[1]))
    }
  }

  mutating func run() throws {
    guard Ranks.isRoot else { return }
    let path =
      directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    let screen = RunScreen()
    while true {
      let list = try RunList(in: path)
      let text = list.text(sortedBy: sort, filters: try filters())
      guard watch else {
        for problem in list.problems { Ranks.log(problem) }
        print(text)
        return
      }
      screen.show(text)
      Thread.sleep(forTimeInterval: 2)
    }
  }
}

extension RunList.Column: ExpressibleByArgument {}
