import Failures
import Networks
import Tensors

/// The floats that ride on the last bucket, for what all ranks must know at the end of a step.
///
/// Flags are counts of ranks, reduced like gradients but never derived from them and never
/// compressed. Every rank acts on the sums, so all do the same at the same step and none leaves the
/// loop alone. Behind them each rank has a slot for the time of its previous step.
public struct StepCounters {
  private enum Slot: Int, CaseIterable {
    case nonFinite, save, stop, failed, loss, correct, gradientNormSquares, gradientChangeSquares
    case equalCopies, unequalCopies
    /// The first of several.
    case rootDigest
  }

  private static let count = Slot.rootDigest.rawValue + ReplicaBallot.Pieces.scalarCount

  private let tensor: Tensor
  private let model: Model

  public init(_ model: Model) {
    self.model = model
    require(
      Self.count <= Model.sharedCounterCount,
      "\(Self.count) counters in \(Model.sharedCounterCount) slots")
    tensor = model.counters
  }

  /// The contribution of one rank, or the sum over all ranks.
  public struct Values: Sendable, Equatable {
    /// Slices whose loss is not finite.
    public var nonFinite: Float = 0
    /// Ranks that ask for a checkpoint.
    public var save: Float = 0
    /// Ranks that ask for the end.
    public var stop: Float = 0
    /// Ranks that failed outside of the step, as in writing a file.
    public var failed: Float = 0
    public var loss: Float = 0
    public var correct: Float = 0
    /// Σᵢ ‖B·∇ₓL‖², the squared norms of the per-sample input gradients.
    public var gradientNormSquares: Float = 0
    /// Σᵢ ‖B·d‖², the squared changes of those gradients from x to x + z.
    public var gradientChangeSquares: Float = 0
    /// About the copies for the checkpoint that is being written.
    public var ballot = ReplicaBallot()

    public init(
      nonFinite: Float = 0, save: Float = 0, stop: Float = 0, failed: Float = 0, loss: Float = 0,
      correct: Float = 0, gradientNormSquares: Float = 0, gradientChangeSquares: Float = 0,
      ballot: ReplicaBallot = ReplicaBallot()
    ) {
      self.nonFinite = nonFinite
      self.save = save
      self.stop = stop
      self.failed = failed
      self.loss = loss
      self.correct = correct
      self.gradientNormSquares = gradientNormSquares
      self.gradientChangeSquares = gradientChangeSquares
      self.ballot = ballot
    }
  }

  /// Starts a step's counters with this rank's values.
  public func write(_ values: Values) {
    tensor.fill(0)
    add(values)
  }

  /// Adds the contribution of one slice.
  public func add(_ values: Values) {
    // Exact sums take slices apart; else the tensor itself is the sum.
    if model.exactSums != nil { tensor.fill(0) }
    tensor[Slot.nonFinite.rawValue] += values.nonFinite
    tensor[Slot.save.rawValue] += values.save
    tensor[Slot.stop.rawValue] += values.stop
    tensor[Slot.failed.rawValue] += values.failed
    tensor[Slot.loss.rawValue] += values.loss
    tensor[Slot.correct.rawValue] += values.correct
    tensor[Slot.gradientNormSquares.rawValue] += values.gradientNormSquares
    tensor[Slot.gradientChangeSquares.rawValue] += values.gradientChangeSquares
    tensor[Slot.equalCopies.rawValue] += values.ballot.equal
    tensor[Slot.unequalCopies.rawValue] += values.ballot.unequal
    let digest = values.ballot.rootDigest
    for piece in digest.indices { tensor[Slot.rootDigest.rawValue + piece] += digest[piece] }
    model.exactSums?.add(tensor, at: model.gradients.count)
  }

  /// Adds the time that this rank, `rank`, took for its previous step without waiting for others.
  public func addLocalStepSeconds(_ seconds: Float, ofRank rank: Int) {
    if model.exactSums != nil { tensor.fill(0) }
    tensor[Model.sharedCounterCount + rank] += seconds
    model.exactSums?.add(tensor, at: model.gradients.count)
  }

  public func localStepSeconds(ofRank rank: Int) -> Float {
    tensor[Model.sharedCounterCount + rank]
  }

  public func read() -> Values {
    var digest = ReplicaBallot.Pieces()
    for piece in digest.indices { digest[piece] = tensor[Slot.rootDigest.rawValue + piece] }
    return Values(
      nonFinite: tensor[Slot.nonFinite.rawValue], save: tensor[Slot.save.rawValue],
      stop: tensor[Slot.stop.rawValue],
      failed: tensor[Slot.failed.rawValue], loss: tensor[Slot.loss.rawValue],
      correct: tensor[Slot.correct.rawValue],
      gradientNormSquares: tensor[Slot.gradientNormSquares.rawValue],
      gradientChangeSquares: tensor[Slot.gradientChangeSquares.rawValue],
      ballot: ReplicaBallot(
        rootDigest: digest, equal: tensor[Slot.equalCopies.rawValue],
        unequal: tensor[Slot.unequalCopies.rawValue]))
  }
}
