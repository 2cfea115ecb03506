import Failures
import Networks
import Tensors

/// The floats that ride on the last bucket: what all ranks must know at the end of a step.
///
/// Flags are counts of ranks, summed like gradients but never derived from them and never compressed.
/// Every rank acts on the sums, so all do the same at the same step and none leaves the loop alone.
/// Behind them each rank has a place of its own, for what its previous step took.
public struct StepCounters {
  private enum Place: Int, CaseIterable {
    case nonFinite, stop, failed, loss, correct, gradientNormSquares, gradientChangeSquares
  }

  private let tensor: Tensor
  private let model: Model

  public init(_ model: Model) {
    self.model = model
    require(
      Place.allCases.count <= Model.sharedCounterCount,
      "\(Place.allCases.count) counters in \(Model.sharedCounterCount) places")
    tensor = model.counters
  }

  /// What one rank contributes, or the sum over all.
  public struct Values: Sendable, Equatable {
    /// Slices whose loss is not finite.
    public var nonFinite: Float = 0
    /// Ranks that received a signal to stop.
    public var stop: Float = 0
    /// Ranks that failed outside of the step, as in writing a file.
    public var failed: Float = 0
    public var loss: Float = 0
    public var correct: Float = 0
    /// Σᵢ ‖B·∇ₓL‖², the squared norms of the per-sample input gradients.
    public var gradientNormSquares: Float = 0
    /// Σᵢ ‖B·d‖², the squared changes of those gradients from x to x + z.
    public var gradientChangeSquares: Float = 0

    public init(
      nonFinite: Float = 0, stop: Float = 0, failed: Float = 0, loss: Float = 0,
      correct: Float = 0, gradientNormSquares: Float = 0, gradientChangeSquares: Float = 0
    ) {
      self.nonFinite = nonFinite
      self.stop = stop
      self.failed = failed
      self.loss = loss
      self.correct = correct
      self.gradientNormSquares = gradientNormSquares
      self.gradientChangeSquares = gradientChangeSquares
    }
  }

  /// Starts a step's counters with what this rank brings.
  public func write(_ values: Values) {
    tensor.fill(0)
    add(values)
  }

  /// Adds what one slice contributes.
  public func add(_ values: Values) {
    // Exact sums take slices apart; else the tensor itself is the sum.
    if model.exactSums != nil { tensor.fill(0) }
    tensor[Place.nonFinite.rawValue] += values.nonFinite
    tensor[Place.stop.rawValue] += values.stop
    tensor[Place.failed.rawValue] += values.failed
    tensor[Place.loss.rawValue] += values.loss
    tensor[Place.correct.rawValue] += values.correct
    tensor[Place.gradientNormSquares.rawValue] += values.gradientNormSquares
    tensor[Place.gradientChangeSquares.rawValue] += values.gradientChangeSquares
    model.exactSums?.add(tensor, at: model.gradients.count)
  }

  /// What `rank`, this one, took for its previous step without waiting for others.
  public func addOwnSeconds(_ seconds: Float, of rank: Int) {
    if model.exactSums != nil { tensor.fill(0) }
    tensor[Model.sharedCounterCount + rank] += seconds
    model.exactSums?.add(tensor, at: model.gradients.count)
  }

  public func ownSeconds(of rank: Int) -> Float { tensor[Model.sharedCounterCount + rank] }

  public func read() -> Values {
    Values(
      nonFinite: tensor[Place.nonFinite.rawValue], stop: tensor[Place.stop.rawValue],
      failed: tensor[Place.failed.rawValue], loss: tensor[Place.loss.rawValue],
      correct: tensor[Place.correct.rawValue],
      gradientNormSquares: tensor[Place.gradientNormSquares.rawValue],
      gradientChangeSquares: tensor[Place.gradientChangeSquares.rawValue])
  }
}
