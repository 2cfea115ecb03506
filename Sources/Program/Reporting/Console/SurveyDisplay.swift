import Surveys

#if canImport(Glibc)
  import Glibc
#endif

/// Shows how far the surveys of a command are, and how long they will take, on standard error.
public final class SurveyDisplay {
  private let console: Console
  private let words = SurveyWords()

  /// Plain lines look like those of the log, which is on standard error too.
  public init(_ options: ConsoleOptions) {
    console = Console(options, on: STDERR_FILENO, prefix: " info lcnn-dist:")
  }

  /// Shows what a command does before its first survey.
  public func begin(_ words: String) {
    console.progress(live: { [[words]] }, event: { ConsoleEvent("progress", words) })
  }

  public func show(_ progress: SurveyProgress) {
    let isNew = words.update(progress)
    console.progress(isNew: isNew, live: { [words.live] }, event: { words.event })
  }

  /// A line that stays, such as the end of a stage.
  public func note(_ line: String) { console.report(ConsoleEvent("note", line)) }

  /// Removes the lines in place, before results are printed.
  public func end() { console.clear() }
}
