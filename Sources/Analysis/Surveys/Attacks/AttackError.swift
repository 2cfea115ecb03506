import Datasets
import Failures

/// Reasons why a model cannot be attacked.
public enum AttackError: Failure, Equatable {
  /// A logit at the image or at a point near it is not finite.
  case notFinite(dataset: String, split: Dataset.Split, sample: Int)
  /// The distance exceeds the largest one between two images of this size.
  case beyondImages(epsilon: Double, norm: String, largest: Double)
  case tooFewClasses(dataset: String, classes: Int)
  /// The state belongs to an attack with other settings.
  case otherState(path: String, what: String, stored: String, asked: String)
  case damagedState(path: String, line: Int)
  /// Another process uses the state.
  case stateInUse(path: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .notFinite: .diverged
    case .beyondImages, .otherState: .usage
    case .stateInUse: .runDirectory
    case .tooFewClasses, .damagedState: .unusableInput
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
    case .otherState(let path, let what, let stored, let asked):
      "\(path) is the state of another attack, its \(what) is \(stored), not \(asked): "
        + "ask for the same again, or remove the file or name another by --state"
    case .damagedState(let path, let line):
      "\(path):\(line): not a line of an attack's state"
    case .stateInUse(let path):
      "\(path) is used by another attack: wait for its end, or name another file by --state"
    }
  }
}
