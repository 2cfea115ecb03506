import Datasets
import Failures

/// Reasons why a model cannot be attacked.
public enum AttackError: Failure, Equatable {
  /// A logit at the image or at a point near it is not finite.
  case notFinite(dataset: String, split: Dataset.Split, sample: Int)
  /// The distance exceeds the largest one between two images of this size.
  case beyondImages(epsilon: Double, norm: String, largest: Double)
  case tooFewClasses(dataset: String, classes: Int)

  public var exitStatus: ExitStatus {
    switch self {
    case .notFinite: .diverged
    case .beyondImages: .usage
    case .tooFewClasses: .unusableInput
    }
  }

  public var description: String {
    switch self {
    case .notFinite(let dataset, let split, let sample):
      "a logit near \(split.rawValue) sample \(sample) of \(dataset) is not finite"
    case .beyondImages(let epsilon, let norm, let largest):
      "--epsilons: \(epsilon) is beyond the images, of which no two are further apart than "
        + "\(largest) in \(norm)"
    case .tooFewClasses(let dataset, let classes):
      "an attack needs two classes, \(dataset) has \(classes)"
    }
  }
}
