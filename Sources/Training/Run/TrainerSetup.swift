import Checkpoints
import CrashReports
import Datasets
import Kernels
import Layers
import MessagePassing
import Networks
import Recipes
import Threading

/// Everything a ``Trainer`` needs, read and checked before the first step, on all ranks.
public struct TrainerSetup {
  public enum Start: Sendable, Equatable {
    /// A new run, from random weights or those of a model file.
    case fresh(initial: String?)
    /// The newest checkpoint of the run; its beginning, if it has none.
    case resume
  }

  let recipe: Recipe
  let model: Model
  let curePenalty: CUREPenalty?
  let adversary: Adversary?
  let communicator: any Communicator
  /// The communicator of the model's layers, whose collectives are timed.
  let layerCommunicator: TimedCommunicator
  /// Host name of each rank, in rank order.
  let hosts: [String]
  /// Number of threads of each process, in rank order.
  let threads: [Int]
  let trainData: Dataset
  let testData: Dataset
  let sampler: ShardedSampler
  let output: RunOutput?
  /// The run's directory, as rank 0 has opened it.
  public let runPath: String
  let position: BatchPosition
  let steps: Int
  /// Whether the run has a checkpoint at its position.
  let isSaved: Bool
  /// Sums of the epoch in which the run resumes, on rank 0.
  let epochSums: EpochSums
  /// Measures curvature between epochs; nil where the recipe asks for none.
  let curvatureProbe: CurvatureProbe?
  /// The checkpoint's measurement of curvature, on rank 0.
  let curvature: [String: Double]?

  /// Reads the data, builds the model and opens the run.
  ///
  /// Collective. A failure on one rank fails all of them, as far as possible before the disk is
  /// touched.
  /// - Parameters:
  ///   - isDefaultName: whether a new run gets a directory beside `run` if that exists.
  ///   - onLoading: rank 0's, told of the reading of the data.
  public init(
    _ recipe: Recipe, run: String, isDefaultName: Bool = false, start: Start,
    versions: RunEnvironment.Versions,
    communicator: any Communicator, onLoading: LoadingObserver? = nil, note: (String) -> Void
  ) throws {
    self.recipe = recipe
    self.communicator = communicator
    let agreement = Agreement(communicator)
    // A recipe's file may be another one on another node; only the path of the data may differ.
    let asked = recipe.jsonObject.filter { $0.key != "data" }.sorted { $0.key < $1.key }
    try agreement.requireSame(asked.map { ("--\($0.key)", "\($0.value)") })
    let layerCommunicator = TimedCommunicator(communicator)
    self.layerCommunicator = layerCommunicator
    let observer: LoadingObserver = { progress in
      communicator.beat()
      onLoading?(progress)
    }
    let (train, test) = try agreement.perform {
      try TrainerSetup.load(recipe, communicator, observer)
    }
    if recipe.batchSize > train.count {
      note(
        "--batch-size \(recipe.batchSize) is more than the \(train.count) training samples: "
          + "each step takes all of them")
    }
    RankLog.debug("data read, \(train.count) training and \(test.count) test samples")
    trainData = train
    testData = test
    // Collective itself, so after everything that may fail on one rank.
    let model = try agreement.perform {
      try TrainerSetup.makeModel(recipe, for: train, layerCommunicator)
    }
    RankLog.debug("network planned, \(model.memoryBytes >> 20) MiB")
    self.model = model
    (curePenalty, adversary) = try agreement.perform {
      (try recipe.makeCUREPenalty(for: model), try recipe.adversary(for: model))
    }
    let sampler = recipe.sampler(for: train)
    self.sampler = sampler
    curvatureProbe = try agreement.perform {
      try CurvatureProbe(recipe, for: model, test, communicator: communicator)
    }

    // Rank 0 alone touches files; the others receive what it has read.
    var progress: [Int64] = [0, 0, 0, 0]
    var sums = EpochSums()
    var measured: [String: Double]?
    var opened: RunOutput?
    let digests = try communicator.oncePerProcess {
      (train.sha256(observer: observer), test.sha256(observer: observer))
    }
    let places = RunEnvironment.processes(of: communicator)
    threads = places.map(\.threads)
    var environment = RunEnvironment(
      versions: versions, vectorUnits: VectorUnits.current.rawValue,
      precision: recipe.decidedPrecision.rawValue,
      hosts: places.map(\.host), threads: threads, trainData: digests.0,
      testData: digests.1, step: 0)
    hosts = zip(places, threads).flatMap { Array(repeating: $0.host, count: $1) }
    try agreement.requireSame([
      ("their training samples (SHA-256)", environment.trainData),
      ("their test samples (SHA-256)", environment.testData),
      ("their vector units", VectorUnits.current.rawValue),
    ])
    // What a rank starts once the run is open: a refusal must not leave a run behind.
    let spare = try agreement.perform {
      // One more, since a library may start its own meanwhile.
      try SpareThreads([CheckpointThread.name, Prefetcher.threadName, "a thread for libraries"])
    }
    try agreement.performOnRoot {
      environment.recipe = recipe.jsonObject
      let run =
        switch start {
        case .fresh(let initial):
          try OpenedRun(
            creating: run, isDefaultName: isDefaultName, initial: initial, recipe: recipe,
            model: model, environment: environment, note: note)
        case .resume:
          try OpenedRun(
            resuming: run, recipe: recipe, model: model, stepsPerEpoch: sampler.stepsPerEpoch,
            environment: environment, note: note)
        }
      opened = run.output
      let state = run.state
      if let state {
        progress = [Int64(state.step), Int64(state.epoch), Int64(state.stepInEpoch), 1]
        sums = state.epochSums
        measured = state.curvature
      }
    }
    withExtendedLifetime(spare) {}
    RankLog.debug("run opened")
    output = opened
    let path = Array((opened?.directory.path ?? "").utf8)
    runPath = String(decoding: communicator.allGather(path)[0], as: UTF8.self)
    epochSums = sums
    curvature = measured
    progress.withUnsafeMutableBytes { communicator.broadcast($0, from: 0) }
    model.broadcast(over: communicator)
    steps = Int(progress[0])
    isSaved = progress[3] == 1
    position = BatchPosition(epoch: Int(progress[1]), step: Int(progress[2]))
  }

  private static func load(
    _ recipe: Recipe, _ communicator: any Communicator, _ observer: @escaping LoadingObserver
  ) throws -> (Dataset, Dataset) {
    guard recipe.batchSize >= communicator.size else {
      throw TrainingError.batchSmallerThanRanks(
        batch: recipe.batchSize, ranks: communicator.size)
    }
    let (train, test) = try communicator.oncePerProcess {
      (
        try recipe.load(.train, observer: observer), try recipe.load(.test, observer: observer)
      )
    }
    guard test.format == train.format else {
      throw DatasetError.unequalFormats(train: train.format, test: test.format)
    }
    try checkBatches(
      recipe.sampler(for: train), try recipe.networkArchitecture(for: train), recipe,
      ranks: communicator.size)
    return (train, test)
  }

  private static func makeModel(
    _ recipe: Recipe, for train: Dataset, _ communicator: any Communicator
  ) throws -> Model {
    let sampler = recipe.sampler(for: train)
    return try Model(
      try recipe.networkArchitecture(for: train),
      recipe.modelConfiguration(largestShare: sampler.largestShare(size: communicator.size)),
      communicator: communicator)
  }

  /// A batch norm needs two values per channel, in the last batch too, and on each rank if it is
  /// local.
  private static func checkBatches(
    _ sampler: ShardedSampler, _ architecture: Architecture, _ recipe: Recipe, ranks: Int
  ) throws(ArchitectureError) {
    let last = sampler.positions(step: sampler.stepsPerEpoch - 1).count
    let positions = architecture.smallestPositions
    for batch in [min(recipe.batchSize, sampler.count), last] {
      let smallest = recipe.batchNormScope == .global ? batch : max(1, batch / ranks)
      guard smallest * positions.height * positions.width > 1 else {
        throw .oneValuePerChannel(
          batch: smallest, height: positions.height, width: positions.width)
      }
    }
  }
}

extension TrainerSetup {
  /// The run, ready for its first step; `observer` is rank 0's and must outlive it.
  ///
  /// - Parameters:
  ///   - fault: the same on all ranks.
  ///   - traces: whether the run writes a trace of its steps; the same on all ranks.
  ///   - keptStep: the step that each rank keeps on disk, which needs a ``RecordingCommunicator``.
  ///
  /// Collective.
  public func makeTrainer(
    observer: (any TrainingObserver)?, fault: FaultInjection? = nil, traces: Bool = false,
    keptStep: Int? = nil
  ) throws -> Trainer {
    try Trainer(self, observer: observer, fault: fault, traces: traces, keptStep: keptStep)
  }
}
