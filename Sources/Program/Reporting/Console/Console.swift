import Foundation
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// Rank 0's messages to people and programs, on standard output or standard error.
///
/// On a terminal a few lines are overwritten ten times a second at most. Elsewhere there are plain
/// lines with the time in front, or JSON objects; those about progress come every ten seconds at
/// most.
package final class Console {
  private static let liveInterval = Duration.milliseconds(100)
  package static let usualPlainInterval = Duration.seconds(10)

  private let output: Int32
  /// Words between the time and the text of a plain line.
  private let prefix: String
  private let style: ConsoleOptions.Style
  private let format: ConsoleOptions.Format
  private let terminal: Terminal?
  private let plainInterval: Duration
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastLive: ContinuousClock.Instant?
  private var lastPlain: ContinuousClock.Instant
  private var lines = LiveLines()
  private var hasSeenStop = false

  /// The console whose lines are on the screen; of rank 0's first thread.
  nonisolated(unsafe) private static weak var drawn: Console?

  init(
    _ options: ConsoleOptions, on output: Int32, prefix: String = " ",
    plainInterval: Duration = usualPlainInterval
  ) {
    self.output = output
    self.prefix = prefix
    self.plainInterval = plainInterval
    style = options.style
    format = options.format
    terminal = Terminal(output)
    start = clock.now
    lastPlain = start
  }

  /// Whether progress is shown in place.
  private var isLive: Bool {
    guard format == .text else { return false }
    return switch style {
    case .auto: terminal != nil
    case .line: true
    case .plain, .quiet: false
    }
  }

  private var size: (columns: Int, rows: Int) { terminal?.size ?? (80, 24) }

  /// Shows how far the command is; most calls return at once.
  ///
  /// - Parameters:
  ///   - isNew: whether something else is being done now, whose lines in place are drawn at once.
  ///   - live: the lines in place, each as parts of which those that fit are shown.
  ///   - event: the line elsewhere.
  func progress(isNew: Bool = false, live: () -> [[String]], event: () -> ConsoleEvent) {
    guard style != .quiet else { return }
    let now = clock.now
    if isLive {
      if let lastLive, !isNew, now - lastLive < Self.liveInterval { return }
      lastLive = now
      noticeStop()
      Self.drawn = self
      let size = size
      write(lines.draw(live(), columns: size.columns, rows: size.rows))
    } else if now - lastPlain >= plainInterval {
      report(event())
    }
  }

  /// A line about progress that is always printed, unless the user wants none.
  func report(_ event: ConsoleEvent) {
    guard style != .quiet else { return }
    lastPlain = clock.now
    switch format {
    case .text where isLive:
      // Numbers that do not fit are in the run's files.
      print(LiveLines.fit(event.text, at: ConsoleTime.ofDay(Date()), columns: size.columns))
    case .text: print("\(ConsoleTime.text(Date()))\(prefix) \(event.text)")
    case .json: print(event.json(at: Date()))
    }
  }

  /// Lines without a time, such as the description of a run.
  func describe(_ event: ConsoleEvent) {
    guard style != .quiet else { return }
    print(format == .json ? event.json(at: Date()) : event.text)
  }

  /// A warning, which `--quiet` does not suppress.
  func warn(_ event: ConsoleEvent) {
    if style == .quiet && format == .text {
      clear()
      Self.write(event.text + "\n", to: STDERR_FILENO)
    } else {
      describeAlways(event)
    }
  }

  /// A result, which is printed always.
  func result(_ event: ConsoleEvent) { describeAlways(event) }

  /// Removes the lines in place.
  func clear() {
    noticeStop()
    write(lines.clear(columns: size.columns))
  }

  /// Removes the lines in place of any console, where something else is to be printed.
  package static func makeRoom() { drawn?.clear() }

  /// Leaves the lines where they are once a signal has asked for the end: below them stands what the
  /// signal's handler, or the launcher, has printed.
  private func noticeStop() {
    guard !hasSeenStop, StopSignal.isReceived else { return }
    hasSeenStop = true
    if StopSignal.hasNotice || terminal?.isLaunchers ?? false { lines = LiveLines() }
  }

  private func describeAlways(_ event: ConsoleEvent) {
    print(format == .json ? event.json(at: Date()) : event.text)
  }

  private func print(_ text: String) {
    noticeStop()
    write(lines.clear(columns: size.columns) + text + "\n")
  }

  private func write(_ text: String) {
    if !text.isEmpty { Self.write(text, to: output) }
  }

  /// Writes without buffering, so that no output is lost or delayed under mpirun.
  ///
  /// Errors are ignored: a full disk behind the output must not end a run, whose results are in its
  /// directory.
  private static func write(_ text: String, to output: Int32) {
    let handle = FileHandle(fileDescriptor: output, closeOnDealloc: false)
    try? handle.write(contentsOf: Data(text.utf8))
  }
}

/// How a command reports to its user.
public struct ConsoleOptions: Sendable, Equatable {
  public enum Style: String, Sendable, CaseIterable {
    /// Lines in place on a terminal, plain lines elsewhere.
    case auto
    /// A few lines, overwritten in place.
    case line
    /// Lines with the time in front.
    case plain
    /// Results and warnings only.
    case quiet
  }

  public enum Format: String, Sendable, CaseIterable { case text, json }

  public var style: Style
  public var format: Format

  public init(_ style: Style = .auto, format: Format = .text) {
    self.style = style
    self.format = format
  }
}
