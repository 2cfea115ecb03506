import Failures
import Kernels
import Layers
import Networks
import Tensors

/// CURE's term of the ``Objective`` and its buffers: λ_c·meanᵢ ‖∇ₓℓᵢ(xᵢ + zᵢ) − ∇ₓℓᵢ(xᵢ)‖².
///
/// With d the difference of the two gradients, the term's gradient is 2·(dθ̄/dε along d at x + z,
/// minus that at x). The first is written here, after the backward sweep of the step at x has given
/// z; the second by the step's tangent sweeps, because tangents at one point along several directions
/// are one tangent along their sum. The sweeps at x + z overwrite the edges, which the tangents at x
/// read, so a snapshot keeps them. x + z is not clipped, and its statistics are not committed.
/// - Source: Moosavi-Dezfooli, Fawzi, Uesato and Frossard, CVPR 2019, arXiv 1811.09716. The weight
///   in Srinivas et al. 2022, λ·1e3·‖·‖²/B of the batch's mean loss, is λ_c = λ·1e3/B².
public struct CUREPenalty {
  /// λ_c and h.
  private let weight: Float
  private let step: Float
  /// d/B of the rank's samples, after `writeSecondPoint`.
  let difference: Tensor
  private let arena: Arena
  /// Copies of the tensors that the sweeps at x leave for the tangents at x.
  private let sweeps: ArenaSnapshot
  private let model: Model
  private let loss = SoftmaxCrossEntropy()

  /// - Parameters:
  ///   - model: built for training with a penalty.
  ///   - objective: one whose λ_c is not 0.
  /// - Throws: ``ArenaError`` if the copies of edges and gradient do not fit.
  public init(_ model: Model, _ objective: Objective) throws {
    require(
      model.configuration.purpose == .trainingWithPenalty && objective.cure > 0
        && objective.cureStep > 0,
      "λ_c = \(objective.cure), h = \(objective.cureStep) and a model for "
        + "\(model.configuration.purpose)")
    self.model = model
    weight = objective.cure
    step = objective.cureStep
    (difference, arena) = try Arena.plan { $0.tensor(model.input.shape) }
    sweeps = try model.snapshotBeforeTangents()
  }

  /// Bytes of the buffers.
  public var memoryBytes: Int { arena.bytes + sweeps.bytes }

  /// Parameter gradients ← 2·λ_c·dθ̄/dε along d at x + z; `difference` ← d/B.
  ///
  /// Follows the backward sweep at x, and leaves all edges as that has left them. Collective where
  /// batch norms are.
  func writeSecondPoint(labels: UnsafeBufferPointer<Int32>, globalBatch: Float) {
    let n = labels.count
    let input = model.input.prefix(n)
    let difference = difference.prefix(n)
    sweeps.save()
    difference.copy(from: input.gradient)
    for sample in 0..<n {
      addSigns(
        of: difference.slice(sample..<sample + 1), to: input.value.slice(sample..<sample + 1))
    }
    differentiate(labels, globalBatch)
    combine(1, input.gradient, -1, difference, into: difference)
    input.tangent.copy(from: difference)
    model.forwardTangent(n)
    loss.tangent(model.logits.prefix(n), scale: 1 / globalBatch)
    // The main sweep of the step adds to these, so no bucket is complete yet.
    model.backwardTangent(
      n, gradients: GradientWeights(previous: 0, primal: 0, tangent: 2 * weight * globalBatch),
      onBlock: { _ in })
    sweeps.restore()
    withExtendedLifetime(arena) {}
  }

  /// input.gradient ← ∇ₓL at input.value.
  private func differentiate(_ labels: UnsafeBufferPointer<Int32>, _ globalBatch: Float) {
    model.forward(labels.count, mode: .training)
    // Whether this loss is finite shows in the gradients.
    _ = loss.forward(model.logits.prefix(labels.count), labels: labels, scale: 1 / globalBatch)
    model.backward(labels.count)
  }

  /// x ← x + h·sign(g)/‖sign(g)‖₂; nothing where g is zero.
  private func addSigns(of gradient: Tensor, to x: Tensor) {
    let count = gradient.buffer.count { $0 != 0 }
    guard count > 0 else { return }
    let length = step / Float(count).squareRoot()
    for index in 0..<gradient.count {
      let slope = gradient[index]
      x[index] += slope > 0 ? length : slope < 0 ? -length : 0
    }
  }
}
