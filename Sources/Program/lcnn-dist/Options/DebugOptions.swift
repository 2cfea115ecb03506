import ArgumentParser
import CrashReports
import MessagePassing

/// Options that show what a single rank does: its log, and places at which it waits for a debugger.
struct DebugOptions: ParsableArguments {
  enum LogLevel: String, ExpressibleByArgument, CaseIterable { case info, debug }

  @Option(help: "debug: every rank logs its start-up and each step on standard error")
  var logLevel: LogLevel = .info

  @Option(
    help: ArgumentHelp(
      """
      these ranks print host and process and wait for a debugger; the watchdog knows that one \
      holds them
      """, valueName: "r,r,…"))
  var waitForDebugger: RankList?

  @Option(
    help: ArgumentHelp(
      """
      where they wait: start, a number for that step or the first one after it, collective:N, \
      hang, crash or nan
      """, valueName: "place"))
  var debugAt: DebuggerStop.Place?

  func validate() throws {
    if debugAt != nil && waitForDebugger == nil {
      throw ValidationError("--debug-at needs --wait-for-debugger with the ranks")
    }
  }

  /// Applies the options to this process, rank `rank` of `size`.
  func apply(rank: Int, size: Int) throws {
    if logLevel == .debug { RankLog.beVerbose(as: "lcnn-dist: rank \(rank)") }
    guard let ranks = waitForDebugger?.ranks else { return }
    if let stranger = ranks.first(where: { !(0..<size).contains($0) }) {
      throw ValidationError("--wait-for-debugger \(stranger): there are ranks 0 to \(size - 1)")
    }
    if ranks.contains(rank) { DebuggerStop.choose(debugAt ?? .start) }
  }
}

/// Numbers of ranks on the command line, such as `1,3`.
struct RankList: ExpressibleByArgument {
  let ranks: [Int]

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false)
    ranks = words.compactMap { Int($0) }
    if ranks.count != words.count { return nil }
  }
}

extension DebuggerStop.Place: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "start": self = .start
    case "hang": self = .hang
    case "crash": self = .crash
    case "nan": self = .nonFinite
    default:
      let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
      guard let number = parts.last.flatMap({ Int($0) }), number > 0 else { return nil }
      switch parts.dropLast() {
      case []: self = .step(number)
      case ["collective"]: self = .collective(number)
      default: return nil
      }
    }
  }
}
