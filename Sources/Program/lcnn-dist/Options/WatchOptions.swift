import ArgumentParser
import MessagePassing

/// Options for the watchdog and the time that ranks may wait for one another.
struct WatchOptions: ParsableArguments {
  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

  @Option(
    help: ArgumentHelp(
      """
      how long ranks wait for a rank that shows no progress, before the job ends with a diagnosis \
      and exit code \(Watchdog.exitCode); ten times as long while data is read or a checkpoint is \
      written
      """, valueName: "seconds"))
  var stallTimeout = 120.0

  @Option(help: "off: collectives are not recorded, and hangs are not diagnosed")
  var watchdog: Switch = .on

  func validate() throws {
    guard stallTimeout >= 1, stallTimeout.isFinite else {
      throw ValidationError("--stall-timeout \(stallTimeout) must be a number of at least 1")
    }
  }

  /// Settings of the watchdog; nil if it is off.
  var settings: Watchdog.Settings? {
    watchdog == .on ? Watchdog.Settings(stallTimeout: .seconds(stallTimeout)) : nil
  }
}
