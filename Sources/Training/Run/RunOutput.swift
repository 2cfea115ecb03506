import Checkpoints
import EventFiles
import Files
import Foundation
import Networks
import Recipes

/// The files that rank 0 writes into a run's directory.
public struct RunOutput {
  public let directory: RunDirectory
  public let metrics: MetricsFile
  private let timings: AppendOnlyFile
  /// Kept open, since it locks the run.
  private let environment: AppendOnlyFile
  let checkpoints: CheckpointWriter

  /// Opens the files of a run that is locked; `resumingAt` is the checkpoint's step, nil for a fresh
  /// run.
  init(
    _ directory: RunDirectory, lock: AppendOnlyFile, recipe: Recipe, environment: RunEnvironment,
    resumingAt step: Int?, isWithinEpoch: Bool = false
  ) throws {
    self.directory = directory
    self.environment = lock
    // First, since it alone tells what the run begins with: its recipe and its initial model.
    try lock.appendWholly(line: environment.json())
    try lock.sync()
    if step ?? 0 == 0 { try directory.writeRecipe(recipe.fileContents()) }
    let events =
      recipe.tensorboard ? try EventFile(in: directory.path, resumingAt: step) : nil
    metrics = try MetricsFile(
      directory, resumingAt: step, isWithinEpoch: isWithinEpoch, events: events,
      writesTable: recipe.metricsTable)
    try events?.write(recipe.summaries(run: directory.path), step: step ?? 0)
    timings = try directory.openTimings()
    checkpoints = try CheckpointWriter(
      directory, recipe: recipe, metrics: metrics.file, others: [timings, lock],
      firstStep: step ?? 0)
  }

  /// Writes a step's line into the metrics.
  func write(step values: [(key: String, value: MetricValue)]) throws {
    try directory.requireInPlace([metrics.file])
    try metrics.write(values)
  }

  /// Writes an epoch's line into the metrics, and its times into `timings.jsonl`.
  func write(_ report: EpochReport, seconds: Double) throws {
    try directory.requireInPlace([metrics.file, timings, environment])
    let geometry = report.geometry
    func value(_ number: Float?) -> MetricValue { number.map { .number(Double($0)) } ?? .absent }
    try metrics.write([
      ("step", .integer(report.step)), ("epoch", .integer(report.epoch)),
      ("epoch/train-loss", .number(report.trainLoss)),
      ("epoch/train-accuracy", .number(report.trainAccuracy)),
      ("test/loss", report.test.map { .number($0.loss) } ?? .absent),
      ("test/accuracy", report.test.map { .number($0.accuracy) } ?? .absent),
      ("beta/min", value(geometry.beta?.lowerBound)),
      ("beta/max", value(geometry.beta?.upperBound)),
      ("gamma/min", value(geometry.gamma?.lowerBound)),
      ("gamma/max", value(geometry.gamma?.upperBound)),
      ("surrogate-bound", geometry.surrogateBound.map { .number($0) } ?? .absent),
    ])
    try timings.append(
      line: "{\"epoch\": \(report.epoch), \"seconds\": \(seconds), "
        + "\"images-per-second\": \(report.imagesPerSecond)"
        + (report.times.map { ", \($0.members)" } ?? "") + "}")
  }
}

extension RunOutput {
  /// Writes a curvature snapshot's line into the metrics.
  func write(_ snapshot: CurvatureSnapshot, epoch: Int, step: Int) throws {
    try metrics.write(
      [
        ("step", .integer(step)), ("epoch", .integer(epoch)),
        ("curvature/samples", .integer(snapshot.samples)),
      ]
        + snapshot.columns.map { ($0.name, $0.value.map(MetricValue.number) ?? .absent) })
  }
}

extension Recipe {
  /// The contents of `recipe.json`.
  func fileContents() throws -> [UInt8] {
    Array(try json().utf8) + [UInt8(ascii: "\n")]
  }

  /// ``jsonObject`` as text, keys sorted.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
