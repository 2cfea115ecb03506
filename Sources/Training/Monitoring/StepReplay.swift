import Checkpoints
import Datasets
import Failures
import Files
import Foundation
import Kernels
import MessagePassing
import Networks
import Recipes
import Tensors

/// A rank's part in a step that was kept by `--dump-batch`, made again by one process.
public struct StepReplay {
  public let rank: Int
  public let ranks: Int
  public let step: Int
  public let samples: Int
  /// Loss over the global batch, in the job and in the replay.
  public let recordedLoss: Double
  public let loss: Double
  /// SHA-256 of the model after the step, in the job and in the replay.
  public let recordedDigest: String
  public let digest: String

  /// Whether the replay has the bits of the job.
  public var isEqual: Bool { digest == recordedDigest }

  /// Reads the folder of a rank, and makes the step.
  public init(folder: String) throws {
    let facts = try Self.facts(in: folder)
    let file = try ModelFile("\(folder)/\(StepDump.modelFile)", note: { _ in })
    guard let recipe = file.recipe else {
      throw StepReplayError.notADump(folder: folder, reason: "its model has no recipe")
    }
    if let units = VectorUnits(rawValue: facts.vectorUnits) { try VectorUnits.use(units) }
    let communicator = ReplayingCommunicator(
      rank: facts.rank, size: facts.ranks, record: try Self.record(in: folder))
    let model = try Model(
      try recipe.networkArchitecture(for: try recipe.noise(samples: 1)),
      recipe.modelConfiguration(largestShare: facts.maximumSamples), communicator: communicator)
    try model.load(file.dictionary, from: file.path)
    let optimizer = "\(folder)/\(StepDump.optimizerFile)"
    try model.loadOptimizer(
      FileState(try SafetensorsFile.read(optimizer), path: optimizer), from: optimizer)
    let step = TrainingStep(
      model, objective: recipe.objective, curePenalty: try recipe.makeCUREPenalty(for: model),
      adversary: try recipe.adversary(for: model), optimizer: recipe.optimizer,
      communicator: communicator, bucketBytes: facts.plan.bucketBytes)
    step.reducer.use(facts.plan)
    var images = try Self.images(in: folder, pixels: model.input.shape.stride)
    var (labels, indices) = (facts.labels, facts.sampleIndices)
    communicator.begin()
    let result = images.withUnsafeMutableBufferPointer { images in
      labels.withUnsafeMutableBufferPointer { labels in
        indices.withUnsafeMutableBufferPointer { indices in
          step.run(
            Batch(
              images: images, labels: labels, sampleIndices: indices, count: labels.count,
              globalCount: facts.globalCount, globalOffset: facts.globalOffset, epoch: facts.epoch,
              step: facts.stepInEpoch), learningRate: facts.learningRate)
        }
      }
    }
    rank = facts.rank
    ranks = facts.ranks
    self.step = facts.step
    samples = facts.labels.count
    recordedLoss = facts.loss
    loss = result.loss
    recordedDigest = facts.sha256
    digest = SafetensorsStream(model.stateTensors).sha256()
  }

  private static func facts(in folder: String) throws -> StepDump.Facts {
    let bytes = try InputFile.contents(of: "\(folder)/\(StepDump.factsFile)")
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return try decoder.decode(StepDump.Facts.self, from: Data(bytes)) } catch {
      throw StepReplayError.notADump(folder: folder, reason: "\(StepDump.factsFile) is damaged")
    }
  }

  private static func record(in folder: String) throws -> CollectiveRecord {
    var rest = try InputFile.contents(of: "\(folder)/\(StepDump.collectivesFile)")[...]
    var results: [[UInt8]] = []
    while !rest.isEmpty {
      let count = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      rest = rest.dropFirst(8)
      guard count <= UInt64(rest.count) else {
        throw StepReplayError.notADump(
          folder: folder, reason: "\(StepDump.collectivesFile) is cut off")
      }
      results.append(Array(rest.prefix(Int(count))))
      rest = rest.dropFirst(Int(count))
    }
    return CollectiveRecord(results: results)
  }

  private static func images(in folder: String, pixels: Int) throws -> [Float] {
    let path = "\(folder)/\(StepDump.imagesFile)"
    let state = try FileState(try SafetensorsFile.read(path), path: path)
    guard let images = state.values(of: StepDump.images), images.count % pixels == 0 else {
      throw StepReplayError.notADump(folder: folder, reason: "\(StepDump.imagesFile) does not fit")
    }
    return images
  }
}

/// A folder that holds no step, or another one than the model is for.
public enum StepReplayError: Failure, Equatable, Sendable {
  case notADump(folder: String, reason: String)
  /// The replayed step gives other bits.
  case differs(folder: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .notADump: .unusableInput
    case .differs: .replicasDiffer
    }
  }

  public var description: String {
    switch self {
    case .notADump(let folder, let reason):
      "\(folder): \(reason), expected a folder that train --dump-batch has written"
    case .differs(let folder):
      "\(folder): the replayed step gives other bits than the job had: a fault of that rank's "
        + "machine, or other kernels here"
    }
  }
}
