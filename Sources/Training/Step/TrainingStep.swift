import Datasets
import Failures
import Kernels
import Layers
import MessagePassing
import Networks
import Tensors

/// One step of training: the whole algorithm, over named buffers.
///
/// The loss is scaled by 1/(global batch) at its source, so gradients are *summed* over ranks and nothing
/// is ever divided by their number. A rank without samples makes every collective with zeros.
public struct TrainingStep {
  public let model: Model
  public let objective: Objective
  public let optimizer: SGD
  public let curvaturePenalty: CurvaturePenalty?
  public let adversary: Adversary?
  /// Sums the gradients, by a plan that may change between steps.
  public let reducer: GradientReducer
  /// ``GradientReducer/advance()``, made once: a step allocates nothing.
  private let advance: () -> Void
  private let rank: Int
  private let counters: StepCounters
  private let communicator: any Communicator
  private let loss = SoftmaxCrossEntropy()

  public init(
    _ model: Model, objective: Objective, curvaturePenalty: CurvaturePenalty? = nil,
    adversary: Adversary? = nil, optimizer: SGD, communicator: any Communicator, bucketBytes: Int,
    strategy: GradientPlan.Strategy = .blocking
  ) {
    self.model = model
    self.objective = objective
    self.curvaturePenalty = curvaturePenalty
    self.adversary = adversary
    self.optimizer = optimizer
    rank = communicator.rank
    reducer = GradientReducer(
      model, communicator: communicator, bucketBytes: bucketBytes, strategy: strategy)
    advance = reducer.advance
    counters = StepCounters(model)
    self.communicator = communicator
  }

  /// What a rank brings to a step besides its samples.
  public enum Request: Sendable {
    case none
    /// A signal asked for the end: this step counts, and is the last.
    case stop
    /// The rank cannot go on: this step is discarded on all ranks.
    case fail
  }

  /// Trains on one global batch, of which `batch` holds this rank's share.
  ///
  /// Collective. On a loss or a gradient that is not finite the model stays as it was, on all ranks.
  /// - Parameter ownSeconds: what this rank's previous step took without waiting for others; see
  ///   ``ownSeconds(ofRank:)``.
  public func run(
    _ batch: Batch, learningRate: Float, request: Request = .none, ownSeconds: Float = 0
  ) -> Result {
    let n = batch.count
    let globalBatch = Float(batch.globalCount)
    let input = model.input.prefix(n)
    let logits = model.logits.prefix(n)

    communicator.enter(.refresh)
    model.refresh(.training)
    communicator.enter(.forward)
    model.exactSums?.clear()
    counters.write(
      StepCounters.Values(stop: request == .stop ? 1 : 0, failed: request == .fail ? 1 : 0))
    counters.addOwnSeconds(ownSeconds, of: rank)
    input.value.pointer.update(from: images(of: batch), count: input.value.count)
    adversary?.moveImages(of: batch)
    curvaturePenalty?.writeSecondPoint(
      labels: UnsafeBufferPointer(rebasing: batch.labels[..<n]), globalBatch: globalBatch)
    model.forward(n, mode: .training)
    measureLoss(logits, labels: batch.labels, globalBatch: globalBatch)

    communicator.enter(.backward)
    if penalizesInputGradient {
      model.backward(n)
      measureSquares(n, globalBatch: globalBatch)
      // λ_g·B·‖∇ₓL‖² is one penalty and λ_c·B·‖d‖² the other. dθ̄/dε along ∇ₓL is half the gradient of
      // ‖∇ₓL‖², along −d what ‖d‖² lacks; tangents along both are one along their sum.
      scale(input.gradient, by: objective.gradientNorm, into: input.tangent)
      if let penalty = curvaturePenalty {
        add(penalty.difference.prefix(n), times: -penalty.weight, into: input.tangent)
      }
      communicator.enter(.forwardTangent)
      model.forwardTangent(n)
      loss.tangent(logits, scale: 1 / globalBatch)
      let weights = GradientWeights(
        previous: curvaturePenalty == nil ? 0 : 1, primal: 1, tangent: 2 * globalBatch)
      communicator.enter(.backwardTangent)
      model.backwardTangent(
        n, gradients: weights, onLayer: advance, onBlock: reducer.layerFinished)
    } else {
      model.backward(
        n, gradients: .loss, onLayer: advance, onBlock: reducer.layerFinished)
    }

    reducer.finish()
    communicator.enter(.update)
    let sums = counters.read()
    var result = Result(sums, samples: batch.globalCount)
    guard sums.nonFinite == 0, sums.failed == 0, isFinite(model.gradients) else {
      model.restore()
      return result
    }

    model.update { own in
      own.pullBack()
      objective.addWeightPenaltyGradient(to: own.parameter)
      optimizer.update(own.parameter, learningRate: learningRate)
    }
    model.commit()
    result.isApplied = true
    return result
  }

  /// A whole step up to its update, which is left out: for timing.
  ///
  /// Collective.
  public func rehearse(_ batch: Batch) { _ = run(batch, learningRate: 0, request: .fail) }

  /// What each rank brought to the last step as its `ownSeconds`.
  public func ownSeconds(ofRank rank: Int) -> Float { counters.ownSeconds(of: rank) }

  /// Logits' gradients, and the loss slice by slice into the counters.
  private func measureLoss(
    _ logits: Edge, labels: UnsafeMutableBufferPointer<Int32>, globalBatch: Float
  ) {
    model.configuration.slices.forEach(in: logits.shape.samples) { slice in
      let own = loss.forward(
        logits.slice(slice),
        labels: UnsafeBufferPointer(UnsafeMutableBufferPointer(rebasing: labels[slice])),
        scale: 1 / globalBatch)
      counters.add(
        StepCounters.Values(
          nonFinite: own.loss.isFinite ? 0 : 1, loss: own.loss.isFinite ? Float(own.loss) : 0,
          correct: Float(own.correct)))
    }
  }

  /// Whether a step needs the tangent passes.
  private var penalizesInputGradient: Bool {
    objective.penalizesGradient || curvaturePenalty != nil
  }

  /// ‖B·∇ₓL‖² and ‖B·d‖² slice by slice into the counters.
  private func measureSquares(_ samples: Int, globalBatch: Float) {
    let unit = Double(globalBatch * globalBatch)
    model.configuration.slices.forEach(in: samples) { slice in
      let change = curvaturePenalty.map { sumOfSquares($0.difference.slice(slice)) } ?? 0
      counters.add(
        StepCounters.Values(
          gradientNormSquares: Float(sumOfSquares(model.input.gradient.slice(slice)) * unit),
          gradientChangeSquares: Float(change * unit)))
    }
  }

  private func images(of batch: Batch) -> UnsafePointer<Float> {
    let needed = batch.count * model.input.shape.stride
    guard let start = batch.images.baseAddress, batch.images.count >= needed else {
      unreachable("\(batch.images.count) pixels in a batch that needs \(needed)")
    }
    return UnsafePointer(start)
  }

  /// What the step did, over all ranks.
  public struct Result: Sendable, Equatable {
    public let samples: Int
    /// Mean cross-entropy of the global batch, before the update.
    public let loss: Double
    public let correct: Int
    /// meanᵢ ‖∇ₓℓᵢ‖²; 0 without a penalty.
    public let gradientNormSquare: Double
    /// meanᵢ ‖∇ₓℓᵢ(xᵢ + zᵢ) − ∇ₓℓᵢ(xᵢ)‖²; 0 without a curvature penalty.
    public let gradientChangeSquare: Double
    public let stopRequested: Bool
    /// Whether a rank could not go on.
    public let hasFailed: Bool
    /// Whether the weights moved; not where a loss or a gradient was not finite.
    public fileprivate(set) var isApplied = false

    fileprivate init(_ sums: StepCounters.Values, samples: Int) {
      self.samples = samples
      loss = sums.nonFinite > 0 ? .nan : Double(sums.loss) / Double(samples)
      correct = Int(sums.correct)
      gradientNormSquare = Double(sums.gradientNormSquares) / Double(samples)
      gradientChangeSquare = Double(sums.gradientChangeSquares) / Double(samples)
      stopRequested = sums.stop > 0
      hasFailed = sums.failed > 0
    }
  }
}
