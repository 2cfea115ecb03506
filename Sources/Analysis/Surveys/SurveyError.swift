import Datasets
import Failures

/// Reasons why the geometry of a network cannot be measured.
public enum SurveyError: Failure, Equatable {
  case notFinite(dataset: String, split: Dataset.Split, sample: Int)
  case logitNotFinite(dataset: String, split: Dataset.Split, sample: Int)
  /// A layer's parameters or running statistics give no finite norm.
  case layerNotFinite(name: String)
  /// The data set has fewer than the two classes that a margin needs.
  case tooFewClasses(dataset: String, classes: Int)

  public var exitStatus: ExitStatus {
    switch self {
    case .notFinite, .logitNotFinite: .diverged
    case .layerNotFinite, .tooFewClasses: .unusableInput
    }
  }

  public var description: String {
    switch self {
    case .notFinite(let dataset, let split, let sample):
      "gradient or Hessian of \(split.rawValue) sample \(sample) of \(dataset) is not finite"
    case .logitNotFinite(let dataset, let split, let sample):
      "a logit of \(split.rawValue) sample \(sample) of \(dataset) is not finite"
    case .layerNotFinite(let name):
      "the parameters or running statistics of layer \(name) are not finite"
    case .tooFewClasses(let dataset, let classes):
      "a margin needs two classes, \(dataset) has \(classes)"
    }
  }
}
