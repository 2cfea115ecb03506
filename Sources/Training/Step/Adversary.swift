import Datasets
import Robustness

/// Adversarial training: an attack on the present weights moves a step's images before the step.
///
/// Random starts are functions of seed, epoch and sample, so the examples do not depend on the
/// number of ranks. Loss and accuracy of the step are those of the adversarial examples.
public struct Adversary {
  /// The classes that the attack leads away from.
  public enum Target: Sendable, Equatable {
    case labels
    /// The classes that the model predicts for the images.
    case predictions
  }

  public let attack: ProjectedGradientDescent
  public let target: Target

  public init(_ attack: ProjectedGradientDescent, against target: Target) {
    self.attack = attack
    self.target = target
  }

  /// Replaces the images of `batch` in `model.input.value` by adversarial examples.
  ///
  /// The model must have been refreshed. Collective if the attack runs in training mode.
  func moveImages(of batch: Batch) {
    let labels = UnsafeBufferPointer(rebasing: batch.labels[..<batch.count])
    attack.run(
      batch.count, labels: target == .labels ? .given(labels) : .predicted,
      indices: UnsafeBufferPointer(batch.sampleIndices), number: batch.epoch)
  }
}
