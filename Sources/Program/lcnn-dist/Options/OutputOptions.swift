import ArgumentParser
import Reporting

/// Options for what a command tells its user while it works.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customLong("progress"),
    help: """
      line: a few lines in place; plain: lines with the time, every ten seconds at most; quiet: \
      results and warnings only; auto: line on a terminal, else plain
      """)
  var style: ConsoleOptions.Style = .auto

  @Flag(name: .customLong("quiet"), help: "the same as --progress quiet")
  var isQuiet = false

  @Option(
    name: .customLong("log-format"), help: "json: lines of progress and of the log are JSON objects"
  )
  var format: ConsoleOptions.Format = .text

  var console: ConsoleOptions { ConsoleOptions(isQuiet ? .quiet : style, format: format) }
}

extension ConsoleOptions.Style: ExpressibleByArgument {}
extension ConsoleOptions.Format: ExpressibleByArgument {}
