import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Rank 0's messages to people and programs, on standard output or standard error.
///
/// On a terminal a few lines are overwritten ten times a second at most. Elsewhere there are plain
/// lines with the time in front, or JSON objects; those about progress come every ten seconds at
/// most.
final class Console {
  private static let liveInterval = Duration.milliseconds(100)
  private static let plainInterval = Duration.seconds(10)

  private let output: Int32
  /// Words between the time and the text of a plain line.
  private let prefix: String
  private let style: ConsoleOptions.Style
  private let format: ConsoleOptions.Format
  private let terminal: Terminal?
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastLive: ContinuousClock.Instant?
  private var lastPlain: ContinuousClock.Instant
  private var lines = LiveLines()

  init(_ options: ConsoleOptions, on output: Int32, prefix: String = " ") {
    self.output = output
    self.prefix = prefix
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
  ///   - live: the lines in place, each as parts of which those that fit are shown.
  ///   - event: the line elsewhere.
  func progress(live: () -> [[String]], event: () -> ConsoleEvent) {
    guard style != .quiet else { return }
    let now = clock.now
    if isLive {
      if let lastLive, now - lastLive < Self.liveInterval { return }
      lastLive = now
      let size = size
      write(lines.draw(live(), columns: size.columns, rows: size.rows))
    } else if now - lastPlain >= Self.plainInterval {
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
      let parts = [ConsoleTime.ofDay(Date())] + event.text.components(separatedBy: "  ")
      print(LiveLines.fit(parts, columns: size.columns))
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
  func clear() { write(lines.clear(columns: size.columns)) }

  private func describeAlways(_ event: ConsoleEvent) {
    print(format == .json ? event.json(at: Date()) : event.text)
  }

  private func print(_ text: String) { write(lines.clear(columns: size.columns) + text + "\n") }

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
