import Foundation
import Surveys
import Training

/// Rank 0's report of a run on standard output: one moving line on a terminal, else plain lines.
public final class ConsoleProgress: TrainingObserver {
  public enum Style: String, Sendable, CaseIterable {
    /// A moving line on a terminal, plain lines elsewhere.
    case auto
    /// One line, overwritten at most ten times a second.
    case line
    /// One line per epoch.
    case plain
  }

  private static let refreshInterval = Duration.milliseconds(100)

  /// Width of the moving line.
  ///
  /// A line that wraps cannot be overwritten, and most terminals have at least 80 columns.
  private static let lineWidth = 79

  private let movesLine: Bool
  private let clock = ContinuousClock()
  private var lastRefresh: ContinuousClock.Instant?
  private var hasLine = false

  public init(style: Style) {
    movesLine = style == .line || (style == .auto && Terminal.isInteractive)
  }

  public func begin(_ summary: RunSummary) {
    let network = summary.architecture
    print(
      """
      run \(summary.run): \(Self.ranks(summary.threads)), \
      \(summary.trainSamples) training and \(summary.testSamples) test images of \
      \(network.height)×\(network.width)×\(network.channels), \(network.classes) classes
      \(summary.trainedParameters) trained parameters, plan \(Self.mebibytes(summary.planBytes)) MiB \
      per \(summary.threads.allSatisfy { $0 == 1 } ? "rank" : "thread"), \
      data \(Self.mebibytes(summary.dataBytes)) MiB
      \(summary.gradientBuckets) gradient bucket\(summary.gradientBuckets == 1 ? "" : "s"), \
      \(Self.mebibytes(summary.reducedBytes)) MiB per step\
      \(summary.sumOrder == .reproducible ? ", summed reproducibly" : "")\
      \(Self.reason(for: summary.gradientChoice))
      \(summary.epochs) epoch\(summary.epochs == 1 ? "" : "s") of \(summary.stepsPerEpoch) \
      step\(summary.stepsPerEpoch == 1 ? "" : "s"), batch \(summary.batchSize) over \
      all ranks\(summary.resumedAt > 0 ? ", resumed after step \(summary.resumedAt)" : "")
      """)
  }

  public func step(_ progress: StepProgress) {
    guard movesLine else { return }
    let now = clock.now
    if let lastRefresh, now - lastRefresh < Self.refreshInterval { return }
    lastRefresh = now
    let line =
      "epoch \(progress.epoch)/\(progress.epochs) step \(progress.step + 1)/"
      + "\(progress.stepsPerEpoch) loss \(Self.fixed(progress.loss, 4)) accuracy "
      + "\(Self.percent(progress.accuracy)) \(Self.fixed(progress.imagesPerSecond, 0)) images/s "
      + "\(Self.clockTime(progress.remaining)) left"
    write("\r\u{1B}[K" + line.prefix(Self.lineWidth))
    hasLine = true
  }

  public func epoch(_ report: EpochReport) {
    clearLine()
    var parts = [
      "epoch \(report.epoch)/\(report.epochs)", "step \(report.step)",
      "loss \(Self.fixed(report.trainLoss, 4))", "accuracy \(Self.percent(report.trainAccuracy))",
    ]
    if let test = report.test { parts.append("test accuracy \(Self.percent(test.accuracy))") }
    if let beta = report.geometry.beta { parts.append("β \(Self.range(beta))") }
    if let gamma = report.geometry.gamma { parts.append("γ \(Self.range(gamma))") }
    if let bound = report.geometry.surrogateBound {
      parts.append("surrogate bound \(Self.fixed(bound, 1))")
    }
    parts.append("\(Self.fixed(report.imagesPerSecond, 0)) images/s")
    if let times = report.times { parts.append(Self.shares(times)) }
    print(parts.joined(separator: "  "))
  }

  public func memory(_ report: MemoryReport) {
    clearLine()
    let rest = report.residentBytes - report.planBytes - report.dataBytes
    print(
      """
      memory\(report.processes > 1 ? " of the largest process" : ""): at most \
      \(Self.mebibytes(report.residentBytes)) MiB resident: plan \
      \(Self.mebibytes(report.planBytes)), data \(Self.mebibytes(report.dataBytes)), program and \
      libraries \(Self.mebibytes(rest))
      """)
  }

  public func note(_ line: String) {
    clearLine()
    print(line)
  }

  /// Prints the last line of a run.
  public func finish(_ result: Evaluator.Result) {
    clearLine()
    print("test accuracy \(Self.percent(result.accuracy))")
  }

  /// Returns the plan for summing gradients and the reason why it was chosen.
  private static func reason(for choice: GradientChoice) -> String {
    let plan = choice.plan
    let size = fixed(plan.bucketMegabytes, plan.bucketMegabytes < 1 ? 3 : 0)
    let name = ", \(plan.strategy.rawValue) in buckets of \(size) MiB"
    switch choice.reason {
    case .alone: return ""
    case .given: return "\(name) as the recipe says"
    case .onlyOne: return ", \(plan.strategy.rawValue): one bucket leaves no choice"
    case .shortRun: return "\(name): too few steps to measure others"
    case .stored: return "\(name) as settled at an earlier start"
    case .measured(let measurements):
      let times = measurements.map { "\($0.plan) \(milliseconds($0.seconds))" }
      return "\(name), by the time of a step:\n\(times.joined(separator: ", "))"
    }
  }

  /// Returns the mean time of a step, and the shares of it that are not computing.
  private static func shares(_ times: EpochTimes) -> String {
    func share(_ name: String, _ seconds: Double) -> String {
      "\(name) \(fixed(100 * seconds / times.sum.total, 0)) %"
    }
    var parts = [share("data", times.sum.data)]
    if times.ranks.count > 1 {
      parts =
        [share("gradients", times.sum.gradients), share("batch norm", times.sum.batchNorm)]
        + parts
    }
    let step = milliseconds(times.sum.total / Double(times.steps))
    return "step \(step): \(parts.joined(separator: ", "))"
  }

  private static func milliseconds(_ seconds: Double) -> String {
    "\(fixed(1000 * seconds, seconds < 0.1 ? 1 : 0)) ms"
  }

  /// A share as a percentage with two decimals.
  public static func percent(_ share: Double) -> String { "\(fixed(100 * share, 2)) %" }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }

  /// Returns "2 ranks", "2 ranks × 4 threads" or, on unequal nodes, "2 ranks, 6 threads".
  private static func ranks(_ threads: [Int]) -> String {
    let ranks = "\(threads.count) rank\(threads.count == 1 ? "" : "s")"
    guard let most = threads.max(), most > 1 else { return ranks }
    return threads.allSatisfy { $0 == most }
      ? "\(ranks) × \(most) threads" : "\(ranks), \(threads.reduce(0, +)) threads"
  }

  private static func range(_ range: ClosedRange<Float>) -> String {
    "\(fixed(Double(range.lowerBound), 2))…\(fixed(Double(range.upperBound), 2))"
  }

  private static func mebibytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1_048_576, 1) }

  private static func clockTime(_ duration: Duration) -> String {
    let seconds = Int(duration / .seconds(1))
    return seconds >= 3600
      ? String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
      : String(format: "%d:%02d", seconds / 60, seconds % 60)
  }

  private func clearLine() {
    if hasLine { write("\r\u{1B}[K") }
    hasLine = false
  }

  private func print(_ text: String) { write(text + "\n") }

  /// Writes without buffering, so that no output is lost or delayed under mpirun.
  ///
  /// Errors are ignored: a full disk behind standard output must not end a run, whose results are
  /// in its directory.
  private func write(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }
}
