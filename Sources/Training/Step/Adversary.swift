import Datasets
import Robustness

/// Adversarial training: a step's images are replaced by what an attack on the present weights makes of them.
///
/// Random starts are functions of seed, epoch and sample, so the examples do not depend on the number of
/// ranks. Loss and accuracy of the step are those of the examples.
public struct Adversary {
  /// Which classes the attack leads away from.
  public enum Target: Sendable, Equatable {
    case labels
    /// What the model takes the images for.
    case predictions
  }

  public let attack: ProjectedGradientDescent
  public let target: Target

  public init(_ attack: ProjectedGradientDescent, against target: Target) {
    self.attack = attack
    self.target = target
  }

  /// `model.input.value` ← adversarial examples of the images there, which are those of `batch`.
  ///
  /// The model must have been refreshed. Collective where the attack runs in training mode.
  func moveImages(of batch: Batch) {
    let labels = UnsafeBufferPointer(rebasing: batch.labels[..<batch.count])
    attack.run(
      batch.count, labels: target == .labels ? .given(labels) : .predicted,
      indices: UnsafeBufferPointer(batch.sampleIndices), number: batch.epoch)
  }
}
