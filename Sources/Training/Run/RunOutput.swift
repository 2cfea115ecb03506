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
  private let checkpoints: CheckpointStore
  private let keep: Int

  /// Opens the files of a run; `resumingAt` is the checkpoint's step, nil for a fresh run.
  init(
    _ directory: RunDirectory, recipe: Recipe, environment: RunEnvironment, resumingAt step: Int?
  ) throws {
    self.directory = directory
    self.environment = try directory.openEnvironment()
    let events =
      recipe.tensorboard ? try EventFile(in: directory.path, resumingAt: step) : nil
    metrics = try MetricsFile(directory, resumingAt: step, events: events)
    try events?.write(recipe.summaries(run: directory.path), step: step ?? 0)
    timings = try directory.openTimings()
    checkpoints = CheckpointStore(directory: directory)
    keep = recipe.keepCheckpoints
    try self.environment.append(line: environment.json())
    try directory.writeRecipe(Array(try recipe.json().utf8) + [UInt8(ascii: "\n")])
  }

  /// Saves a checkpoint, and removes older ones than the recipe keeps.
  func save(_ model: Model, recipe: Recipe, state: TrainingState) throws {
    // A checkpoint that survives a power failure must not be ahead of the metrics.
    try metrics.sync()
    try checkpoints.save(
      state,
      model: SafetensorsStream(
        model.stateTensors, metadata: [ModelFile.recipeKey: try recipe.json()]),
      optimizer: SafetensorsStream(model.momentumTensors))
    try checkpoints.keepNewest(keep)
  }

  /// Writes an epoch's line into the metrics, and its times into `timings.jsonl`.
  func write(_ report: EpochReport, seconds: Double) throws {
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
  /// ``jsonObject`` as text, keys sorted.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
