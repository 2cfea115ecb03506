import ArgumentParser
import Checkpoints
import Files
import Foundation
import Reporting

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Draw runs as one HTML file: learning curves, curvature, robustness, layers, speed.",
    discussion: """
      Reads what the directories hold: metrics.jsonl, timings.jsonl, environment.jsonl, and \
      \(RunFile.curvature.rawValue), \(RunFile.attack.rawValue), \(RunFile.stability.rawValue) and \
      \(RunFile.bound.rawValue) of the commands' --json. Several runs are drawn into the same \
      plots. What cannot be read is named on standard error and in the report, and the rest is \
      drawn. The file needs no network. Standard output has the results in words, and the path of \
      the file on its last line.
      """)

  @Argument(help: ArgumentHelp("directories of runs", valueName: "run"), completion: .directory)
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "the HTML file (default: \(RunFile.report.rawValue) in the run, or of several runs here)",
      valueName: "file"), completion: .file(extensions: ["html"]))
  var output: String?

  @Option(
    help: ArgumentHelp("also write each plot as an SVG file there", valueName: "directory"),
    completion: .directory)
  var svg: String?

  @Flag(help: "show the report in a browser")
  var open = false

  mutating func run() throws {
    guard Ranks.isRoot else { return }
    let paths = runs.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    if let twice = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
      throw ValidationError("\(twice) is named twice")
    }
    let report = try RunReport(paths)
    let standard = paths.count == 1 ? RunFile.report.path(in: paths[0]) : RunFile.report.rawValue
    let file = try ResultFile(output ?? standard)
    try file.write(report.html(version: LCNNDist.version, date: Date()))
    if let svg {
      for plot in report.svgFiles { try ResultFile(folder: svg, plot.name).write(plot.svg) }
    }
    for problem in report.problems { Ranks.log(problem) }
    for line in report.summary { print(line) }
    print(file.path)
    if open { show(file.path) }
  }

  /// Asks the desktop for its browser; without one, a line says so.
  private func show(_ path: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["xdg-open", path]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
      process.waitUntilExit()
      if process.terminationStatus == 0 { return }
    } catch {}
    Ranks.log("--open: no browser here (xdg-open fails); copy \(path) to where one is")
  }
}
