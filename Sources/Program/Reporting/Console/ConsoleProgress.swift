import Foundation
import Surveys
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// Rank 0's report of a run on standard output.
public final class ConsoleProgress: TrainingObserver {
  private let console: Console
  private let surveys: SurveyWords
  /// β, γ and C_f of the last epoch, in words.
  private var geometry: [String] = []
  private var curvature: String?

  public convenience init(_ options: ConsoleOptions) { self.init(options, on: STDOUT_FILENO) }

  /// A display as on a terminal that nobody sees, to measure its cost.
  public static func unseen() -> ConsoleProgress {
    ConsoleProgress(ConsoleOptions(.line), on: open("/dev/null", O_WRONLY | O_CLOEXEC))
  }

  /// - Parameter plainInterval: the shortest time between two plain lines about progress.
  package init(
    _ options: ConsoleOptions, on output: Int32,
    plainInterval: Duration = Console.usualPlainInterval
  ) {
    console = Console(options, on: output, plainInterval: plainInterval)
    surveys = SurveyWords()
  }

  /// Shows what happens before the run is ready.
  public func prepare(_ words: String) {
    console.progress(live: { [[words]] }, event: { ConsoleEvent("progress", words) })
  }

  public func begin(_ summary: RunSummary) {
    console.describe(
      ConsoleEvent(
        "begin", summary.text,
        [
          ("run", .text(summary.run)), ("ranks", .integer(summary.threads.count)),
          ("threads", .integer(summary.threads.reduce(0, +))),
          ("train-samples", .integer(summary.trainSamples)),
          ("test-samples", .integer(summary.testSamples)),
          ("parameters", .integer(summary.trainedParameters)),
          ("epochs", .integer(summary.epochs)),
          ("steps-per-epoch", .integer(summary.stepsPerEpoch)),
          ("batch-size", .integer(summary.batchSize)), ("step", .integer(summary.resumedAt)),
        ]))
  }

  public func step(_ progress: StepProgress) {
    console.progress(live: { liveLines(progress) }, event: { Self.event(progress) })
  }

  public func survey(_ progress: SurveyProgress) {
    let isNew = surveys.update(progress)
    console.progress(isNew: isNew, live: { [surveys.live] }, event: { surveys.event })
  }

  public func epoch(_ report: EpochReport) {
    geometry = Self.geometry(report)
    let rest = report.times.map { [Self.shares($0.sum, steps: $0.steps)] } ?? []
    let parts = [
      "epoch \(report.epoch)/\(report.epochs)", "step \(report.step)",
      "loss \(Self.fixed(report.trainLoss, 4))", "accuracy \(Self.percent(report.trainAccuracy))",
    ]
    let test = report.test.map { ["test accuracy \(Self.percent($0.accuracy))"] } ?? []
    let text =
      parts + test + geometry + ["\(Self.rate(report.imagesPerSecond)) images/s"] + rest
    console.report(
      ConsoleEvent(
        "epoch", text.joined(separator: "  "),
        [
          ("epoch", .integer(report.epoch)), ("step", .integer(report.step)),
          ("loss", .number(report.trainLoss)), ("accuracy", .number(report.trainAccuracy)),
          ("test-loss", .number(report.test?.loss ?? .nan)),
          ("test-accuracy", .number(report.test?.accuracy ?? .nan)),
          ("images-per-second", .number(report.imagesPerSecond)),
        ]))
  }

  public func memory(_ report: MemoryReport) {
    let rest = report.residentBytes - report.planBytes - report.dataBytes
    console.describe(
      ConsoleEvent(
        "memory",
        """
        memory\(report.processes > 1 ? " of the largest process" : ""): at most \
        \(Self.mebibytes(report.residentBytes)) MiB resident: plan \
        \(Self.mebibytes(report.planBytes)), data \(Self.mebibytes(report.dataBytes)), program and \
        libraries \(Self.mebibytes(rest))
        """,
        [
          ("resident-bytes", .integer(report.residentBytes)),
          ("plan-bytes", .integer(report.planBytes)), ("data-bytes", .integer(report.dataBytes)),
        ]))
  }

  public func checkpoints(_ times: CheckpointTimes) {
    func milliseconds(_ seconds: Double) -> String { Self.fixed(1000 * seconds, 0) }
    console.report(
      ConsoleEvent(
        "checkpoints",
        "checkpoints: \(times.count) saved, each copied in at most \(milliseconds(times.longestCopy)) ms "
          + "and on the disk after at most \(milliseconds(times.longestSave)) ms",
        [
          ("checkpoints", .integer(times.count)), ("waited-seconds", .number(times.waited)),
          ("longest-copy-seconds", .number(times.longestCopy)),
          ("longest-save-seconds", .number(times.longestSave)),
        ]))
  }

  public func curvature(_ snapshot: CurvatureSnapshot) {
    curvature = snapshot.values["curvature/normalized/mean"].map { "C_f \(TextTable.number($0))" }
    console.report(ConsoleEvent("curvature", snapshot.text))
  }

  public func note(_ line: String) { console.warn(ConsoleEvent("note", line)) }

  /// Prints the last line of a run.
  public func finish(_ result: Evaluator.Result) {
    console.result(
      ConsoleEvent(
        "end", "test accuracy \(Self.percent(result.accuracy))",
        [("test-accuracy", .number(result.accuracy)), ("test-loss", .number(result.loss))]))
  }

  /// Removes the lines in place, where a run ends by an error.
  public func end() { console.clear() }

  // MARK: Words

  private func liveLines(_ progress: StepProgress) -> [[String]] {
    let epoch = Double(progress.step + 1) / Double(progress.stepsPerEpoch)
    return [
      [
        "epoch \(progress.epoch)/\(progress.epochs)", ProgressBar.percent(epoch),
        "\(ConsoleTime.clock(progress.remainingInEpoch)) left", ProgressBar.text(epoch),
        "step \(progress.step + 1)/\(progress.stepsPerEpoch)",
      ],
      [
        "run", ProgressBar.percent(progress.share),
        "\(ConsoleTime.clock(progress.remaining)) left", ProgressBar.text(progress.share),
      ],
      [
        "loss \(Self.fixed(progress.loss, 4))", "accuracy \(Self.percent(progress.accuracy))",
        "\(Self.rate(progress.imagesPerSecondNow)) images/s now",
        "\(Self.rate(progress.imagesPerSecond)) mean",
      ],
      Self.shareParts(progress.times, checkpoints: progress.checkpointSeconds),
      geometry + (curvature.map { [$0] } ?? []),
    ]
  }

  private static func event(_ progress: StepProgress) -> ConsoleEvent {
    ConsoleEvent(
      "progress",
      [
        "epoch \(progress.epoch)/\(progress.epochs)",
        "step \(progress.step + 1)/\(progress.stepsPerEpoch)", "loss \(fixed(progress.loss, 4))",
        "accuracy \(percent(progress.accuracy))",
        "\(rate(progress.imagesPerSecondNow)) images/s",
        "\(ConsoleTime.clock(progress.remainingInEpoch)) left in the epoch",
        "\(ConsoleTime.clock(progress.remaining)) in the run",
      ].joined(separator: "  "),
      [
        ("epoch", .integer(progress.epoch)), ("epochs", .integer(progress.epochs)),
        ("step-in-epoch", .integer(progress.step + 1)),
        ("steps-per-epoch", .integer(progress.stepsPerEpoch)),
        ("loss", .number(progress.loss)), ("accuracy", .number(progress.accuracy)),
        ("images-per-second", .number(progress.imagesPerSecondNow)),
        ("seconds-left-in-epoch", .number(progress.remainingInEpoch)),
        ("seconds-left", .number(progress.remaining)),
      ])
  }

  private static func geometry(_ report: EpochReport) -> [String] {
    [
      report.geometry.beta.map { "β \(range($0))" }, report.geometry.gamma.map { "γ \(range($0))" },
    ].compactMap { $0 }
  }

  /// The mean time of a step, and the shares of it that are not computing.
  private static func shares(_ sum: StepTimes, steps: Int) -> String {
    let parts = [("gradients", sum.gradients), ("batch norm", sum.batchNorm), ("data", sum.data)]
    let waits = parts.filter { $0.1 >= 0.005 * sum.total }.map { name, seconds in
      "\(name) \(fixed(100 * seconds / sum.total, 0)) %"
    }
    let step = "step \(RunSummary.milliseconds(sum.total / Double(steps)))"
    return waits.isEmpty ? step : "\(step): \(waits.joined(separator: ", "))"
  }

  private static func shareParts(_ times: StepTimes, checkpoints: Double) -> [String] {
    let whole = times.total + checkpoints
    guard whole > 0 else { return [] }
    return [
      ("compute", times.compute), ("gradients", times.gradients), ("batch norm", times.batchNorm),
      ("data", times.data), ("checkpoints", checkpoints),
    ].map { "\($0.0) \(fixed(100 * $0.1 / whole, 0)) %" }
  }

  /// A share as a percentage with two decimals.
  public static func percent(_ share: Double) -> String { "\(fixed(100 * share, 2)) %" }

  /// A number per second, with two significant digits at least: a slow one is not 0.
  public static func rate(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return fixed(value, 0) }
    return fixed(value, max(0, 1 - Int(log10(value).rounded(.down))))
  }

  static func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }

  private static func range(_ range: ClosedRange<Float>) -> String {
    "\(fixed(Double(range.lowerBound), 2))…\(fixed(Double(range.upperBound), 2))"
  }

  static func mebibytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1_048_576, 1) }
}
