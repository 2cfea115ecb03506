import Datasets
import Failures
import Kernels
import Layers
import MessagePassing
import Networks
import Tensors

/// One step of training: the whole algorithm, over named buffers.
///
/// The loss is scaled by 1/(global batch) at its source, so gradients are *summed* over ranks and
/// nothing is ever divided by their number. A rank without samples joins every collective with
/// zeros.
public struct TrainingStep {
  public let model: Model
  public let objective: Objective
  public let optimizer: SGD
  /// The buffers of the objective's CURE term; nil where λ_c is 0.
  public let curePenalty: CUREPenalty?
  public let adversary: Adversary?
  /// The objective's term in the product of γ and β; nil where λ_b is 0.
  private let productBound: ProductBound?
  /// Reduces the gradients over ranks, by a plan that may change between steps.
  public let reducer: GradientReducer
  /// Bytes of the model's plan and of the buffers of CURE's term.
  public var memoryBytes: Int { model.memoryBytes + (curePenalty?.memoryBytes ?? 0) }
  /// Observes the phases and layers of every step, where somebody wants to know of them.
  public var probe: (any StepProbe)? { didSet { model.probe = probe } }
  /// ``GradientReducer/progress()``, bound once: a step allocates nothing.
  private let progressReductions: () -> Void
  private let counters: StepCounters
  private let communicator: any Communicator
  private let loss = SoftmaxCrossEntropy()

  /// - Parameter curePenalty: made for `model` and `objective`; needed where λ_c is not 0.
  public init(
    _ model: Model, objective: Objective, curePenalty: CUREPenalty? = nil,
    adversary: Adversary? = nil, optimizer: SGD, communicator: any Communicator, bucketBytes: Int,
    strategy: GradientPlan.Strategy = .blocking
  ) {
    require(
      (objective.cure > 0) == (curePenalty != nil),
      "λ_c = \(objective.cure) and \(curePenalty == nil ? "no buffers" : "buffers") for it")
    self.model = model
    self.objective = objective
    self.curePenalty = curePenalty
    self.adversary = adversary
    productBound = objective.bound > 0 ? ProductBound(model) : nil
    self.optimizer = optimizer
    reducer = GradientReducer(
      model, communicator: communicator, bucketBytes: bucketBytes, strategy: strategy)
    progressReductions = reducer.progress
    counters = StepCounters(model)
    self.communicator = communicator
  }

  /// A rank's request to all ranks, which it makes with its samples.
  public enum Request: Sendable {
    case none
    /// A checkpoint is due after this step.
    case save
    /// Somebody asked for the end: this step counts, and is the last.
    case stop
    /// The rank cannot go on: this step is discarded on all ranks.
    case fail
  }

  /// Trains on one global batch, of which `batch` holds this rank's share.
  ///
  /// Collective. On a loss or a gradient that is not finite the model stays as it was, on all
  /// ranks.
  /// - Parameters:
  ///   - ballot: this rank's words about its copy for a checkpoint.
  ///   - localStepSeconds: the time of this rank's previous step without the wait for
  ///     other ranks. All ranks learn it; see ``localStepSeconds(ofRank:)``.
  public func run(
    _ batch: Batch, learningRate: Float, request: Request = .none,
    ballot: ReplicaBallot = ReplicaBallot(), localStepSeconds: Float = 0
  ) -> Result {
    let n = batch.count
    let globalBatch = Float(batch.globalCount)
    let input = model.input.prefix(n)
    let logits = model.logits.prefix(n)
    defer { probe?.leave() }

    enter(.refresh)
    model.refresh(.training)
    // Before the reduction, after which a rank that shares the weights may move them.
    productBound?.measure()
    enter(.input)
    startCounters(request, ballot, localStepSeconds)
    input.value.pointer.update(from: images(of: batch), count: input.value.count)
    if let adversary {
      enter(.attack)
      adversary.moveImages(of: batch)
    }
    enter(.forward)
    model.forward(n, mode: .training)
    measureLoss(logits, labels: batch.labels, globalBatch: globalBatch)

    if objective.penalizesInputGradient {
      enter(.dataBackward)
      model.backward(n)
      if let curePenalty {
        enter(.secondPoint)
        curePenalty.writeSecondPoint(labels: labels(of: batch), globalBatch: globalBatch)
      }
      measureSquares(n, globalBatch: globalBatch)
      writePenaltyDirection(n)
      enter(.forwardTangent)
      model.forwardTangent(n)
      loss.tangent(logits, scale: 1 / globalBatch)
      let weights = GradientWeights(
        previous: curePenalty == nil ? 0 : 1, primal: 1, tangent: 2 * globalBatch)
      enter(.backwardTangent)
      model.backwardTangent(
        n, gradients: weights, onLayer: progressReductions, onBlock: reducer.blockFinished)
    } else {
      enter(.backward)
      model.backward(
        n, gradients: .loss, onLayer: progressReductions, onBlock: reducer.blockFinished)
    }

    enter(.reduce)
    reducer.finish()
    enter(.update)
    let sums = counters.read()
    var result = Result(sums, samples: batch.globalCount)
    guard sums.nonFinite == 0, sums.failed == 0, isFinite(model.gradients) else {
      model.restore()
      return result
    }

    update(learningRate: learningRate)
    result.isApplied = true
    return result
  }

  /// ẋ ← λ_g·∇ₓL − λ_c·d, the direction whose tangents are the gradients of both input penalties.
  ///
  /// One penalty is λ_g·B·‖∇ₓL‖², the other λ_c·B·‖d‖². dθ̄/dε along ∇ₓL is half the gradient of
  /// ‖∇ₓL‖²; along −d it is the part of the gradient of ‖d‖² that the passes at the second point
  /// do not give. Tangents are linear: one pass along the sum serves both.
  private func writePenaltyDirection(_ n: Int) {
    let input = model.input.prefix(n)
    scale(input.gradient, by: objective.gradientNorm, into: input.tangent)
    if let curePenalty {
      add(curePenalty.difference.prefix(n), times: -objective.cure, into: input.tangent)
    }
  }

  /// Pulls each gradient back to its trained parameter and moves that parameter.
  private func update(learningRate: Float) {
    model.update { parameter in
      probe?.enter(.pullBack)
      parameter.pullBack()
      probe?.enter(.update)
      objective.addWeightPenaltyGradient(to: parameter.parameter)
      productBound?.addGradient(times: objective.bound, to: parameter.parameter)
      optimizer.update(parameter.parameter, learningRate: learningRate)
    }
    model.commit()
  }

  /// A whole step up to its update, which is left out: for timing.
  ///
  /// Collective.
  public func rehearse(_ batch: Batch) { _ = run(batch, learningRate: 0, request: .fail) }

  /// The `localStepSeconds` that each rank brought to the last step.
  public func localStepSeconds(ofRank rank: Int) -> Float {
    counters.localStepSeconds(ofRank: rank)
  }

  /// Tells the ledger of collectives, and the probe, where the step is.
  private func enter(_ phase: StepPhase) {
    communicator.enter(phase.activity)
    probe?.enter(phase)
  }

  private func startCounters(
    _ request: Request, _ ballot: ReplicaBallot, _ localStepSeconds: Float
  ) {
    model.exactSums?.clear()
    counters.write(
      StepCounters.Values(
        save: request == .save ? 1 : 0, stop: request == .stop ? 1 : 0,
        failed: request == .fail ? 1 : 0, ballot: ballot))
    counters.addLocalStepSeconds(localStepSeconds, ofRank: communicator.rank)
  }

  /// Writes the logits' gradients, and adds the loss to the counters slice by slice.
  private func measureLoss(
    _ logits: Edge, labels: UnsafeMutableBufferPointer<Int32>, globalBatch: Float
  ) {
    model.configuration.slices.forEach(in: logits.shape.samples) { slice in
      let found = loss.forward(
        logits.slice(slice),
        labels: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: labels[slice])),
        scale: 1 / globalBatch)
      counters.add(
        StepCounters.Values(
          nonFinite: found.loss.isFinite ? 0 : 1, loss: found.loss.isFinite ? Float(found.loss) : 0,
          correct: Float(found.correct)))
    }
  }

  /// Adds ‖B·∇ₓL‖² and ‖B·d‖² to the counters slice by slice.
  private func measureSquares(_ samples: Int, globalBatch: Float) {
    let unit = Double(globalBatch * globalBatch)
    model.configuration.slices.forEach(in: samples) { slice in
      let change = curePenalty.map { sumOfSquares($0.difference.slice(slice)) } ?? 0
      counters.add(
        StepCounters.Values(
          gradientNormSquares: Float(sumOfSquares(model.input.gradient.slice(slice)) * unit),
          gradientChangeSquares: Float(change * unit)))
    }
  }

  private func labels(of batch: Batch) -> UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(rebasing: batch.labels[..<batch.count])
  }

  private func images(of batch: Batch) -> UnsafePointer<Float> {
    let needed = batch.count * model.input.shape.stride
    guard let start = batch.images.baseAddress, batch.images.count >= needed else {
      unreachable("\(batch.images.count) pixels in a batch that needs \(needed)")
    }
    return UnsafePointer(start)
  }

  /// The outcome of a step, over all ranks.
  public struct Result: Sendable, Equatable {
    public let samples: Int
    /// Mean cross-entropy of the global batch, before the update.
    public let loss: Double
    public let correct: Int
    /// meanᵢ ‖∇ₓℓᵢ‖²; 0 without a penalty.
    public let gradientNormSquare: Double
    /// meanᵢ ‖∇ₓℓᵢ(xᵢ + zᵢ) − ∇ₓℓᵢ(xᵢ)‖²; 0 without CURE.
    public let gradientChangeSquare: Double
    public let saveRequested: Bool
    public let stopRequested: Bool
    /// Whether a rank could not go on.
    public let hasFailed: Bool
    /// The ranks' words about their copies for the checkpoint that is being written.
    public let ballot: ReplicaBallot
    /// Whether the weights moved; not where a loss or a gradient was not finite.
    public fileprivate(set) var isApplied = false

    fileprivate init(_ sums: StepCounters.Values, samples: Int) {
      self.samples = samples
      loss = sums.nonFinite > 0 ? .nan : Double(sums.loss) / Double(samples)
      correct = Int(sums.correct)
      gradientNormSquare = Double(sums.gradientNormSquares) / Double(samples)
      gradientChangeSquare = Double(sums.gradientChangeSquares) / Double(samples)
      saveRequested = sums.save > 0
      stopRequested = sums.stop > 0
      hasFailed = sums.failed > 0
      ballot = sums.ballot
    }
  }
}
