import Checkpoints
import Datasets
import Files
import Foundation
import Kernels
import MessagePassing
import Networks
import Recipes
import Tensors

/// A rank's part in one training step on disk, from which a ``StepReplay`` makes the step again in
/// one process.
///
/// The folder holds the model and momentum buffers before the step, the rank's samples, the results
/// of its collectives, and what came out.
struct StepDump {
  /// What is not a tensor.
  struct Facts: Codable, Equatable {
    let rank: Int
    let ranks: Int
    /// From 1, since the start of the run.
    let step: Int
    let epoch: Int
    let stepInEpoch: Int
    let learningRate: Float
    let labels: [Int32]
    let sampleIndices: [Int32]
    let globalCount: Int
    let globalOffset: Int
    let maximumSamples: Int
    let plan: GradientPlan
    let vectorUnits: String
    var loss: Double = .nan
    var isApplied = false
    /// Digest of the model after the step.
    var sha256 = ""
  }

  static let modelFile = "model.safetensors"
  static let optimizerFile = "optimizer.safetensors"
  static let imagesFile = "images.safetensors"
  static let collectivesFile = "collectives.bin"
  static let factsFile = "step.json"
  static let images = "images"

  let folder: String
  private var facts: Facts
  private let record: CollectiveRecord

  /// Writes all that comes before the step.
  init(
    in run: String, _ model: Model, _ batch: Batch, step: Int, learningRate: Float,
    plan: GradientPlan, recipe: Recipe, communicator: RecordingCommunicator
  ) throws {
    let rank = communicator.rank
    folder = "\(RunFile.dump.path(in: run))/step-\(step)/rank-\(rank)"
    record = communicator.record
    facts = Facts(
      rank: rank, ranks: communicator.size, step: step, epoch: batch.epoch, stepInEpoch: batch.step,
      learningRate: learningRate, labels: Array(batch.labels[..<batch.count]),
      sampleIndices: Array(batch.sampleIndices[..<batch.count]), globalCount: batch.globalCount,
      globalOffset: batch.globalOffset, maximumSamples: model.configuration.maximumSamples,
      plan: plan, vectorUnits: VectorUnits.current.rawValue)
    try FileSystem.createDirectory(folder)
    try SafetensorsStream(
      model.stateTensors, metadata: [ModelFile.recipeKey: try recipe.json()]
    ).write(to: "\(folder)/\(Self.modelFile)")
    try SafetensorsStream(model.momentumTensors).write(to: "\(folder)/\(Self.optimizerFile)")
    let shape = model.input.shape
    let images = DeferredTensor(
      Self.images, shape: [batch.count] + (1..<shape.rank).map { shape[$0] }, rows: batch.count
    ) { rows in
      let pixels = shape.stride
      return Array(batch.images[rows.lowerBound * pixels..<rows.upperBound * pixels])
    }
    try SafetensorsStream([images]).write(to: "\(folder)/\(Self.imagesFile)")
  }

  /// Records the results of this rank's collectives from now on.
  func beginStep() { record.isRecording = true }

  /// Writes what came out of the step.
  mutating func finish(_ model: Model, _ result: TrainingStep.Result) throws {
    record.isRecording = false
    facts.loss = result.loss
    facts.isApplied = result.isApplied
    facts.sha256 = SafetensorsStream(model.stateTensors).sha256()
    var bytes: [UInt8] = []
    for result in record.results {
      withUnsafeBytes(of: UInt64(result.count).littleEndian) { bytes.append(contentsOf: $0) }
      bytes += result
    }
    try FileSystem.replace("\(folder)/\(Self.collectivesFile)", by: bytes)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try FileSystem.replace("\(folder)/\(Self.factsFile)", by: Array(try encoder.encode(facts)))
  }
}
