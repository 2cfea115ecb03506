import Surveys

/// The progress of surveys in words, with the time that is left.
package final class SurveyWords {
  private let clock = ContinuousClock()
  /// The survey that runs, when it began, and how far it was then.
  private var start: (survey: String, time: ContinuousClock.Instant, done: Double)?
  private var progress: SurveyProgress?
  private var seconds = 0.0

  package init() {}

  /// Returns whether another survey has begun.
  @discardableResult
  package func update(_ progress: SurveyProgress) -> Bool {
    let now = clock.now
    let isNew = start?.survey != progress.survey || progress.done < self.progress?.done ?? 0
    if isNew { start = (progress.survey, now, progress.done) }
    self.progress = progress
    seconds = start.map { (now - $0.time) / .seconds(1) } ?? 0
    return isNew
  }

  /// Nil while nothing is known of the speed.
  private var secondsLeft: Double? {
    guard let progress, let start, seconds > 0, progress.done > start.done else { return nil }
    return (progress.total - progress.done) * seconds / (progress.done - start.done)
  }

  /// - Parameter bound: the words for "at most".
  private func left(_ bound: String) -> String? {
    secondsLeft.map {
      "\(progress?.isUpperBound ?? false ? "\(bound) " : "")\(ConsoleTime.clock($0)) left"
    }
  }

  /// Parts of a line in place.
  var live: [String] {
    guard let progress else { return [] }
    return [
      progress.stage, ProgressBar.percent(progress.share), left("≤"),
      ProgressBar.text(progress.share),
      progress.count,
    ].compactMap { $0 }.filter { !$0.isEmpty }
  }

  package var event: ConsoleEvent {
    let parts = [
      "\(progress?.stage ?? "") \(ProgressBar.percent(progress?.share ?? 0))", progress?.count,
      left("at most"),
    ]
    return ConsoleEvent(
      "progress", parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "  "),
      [
        ("stage", .text(progress?.stage ?? "")), ("share", .number(progress?.share ?? 0)),
        ("seconds", .number(seconds)), ("seconds-left", .number(secondsLeft ?? .nan)),
      ])
  }
}
