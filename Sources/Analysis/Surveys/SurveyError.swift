import Datasets
import Failures

/// Reasons why a network cannot be measured, or was not measured to the end.
public enum SurveyError: Failure, Equatable {
  case notFinite(dataset: String, split: Dataset.Split, sample: Int)
  case logitNotFinite(dataset: String, split: Dataset.Split, sample: Int)
  /// A layer's parameters or running statistics give no finite norm.
  case layerNotFinite(name: String)
  /// The data set has fewer than the two classes that a margin needs.
  case tooFewClasses(dataset: String, classes: Int)
  /// The state belongs to a survey with other settings.
  case otherState(path: String, what: String, stored: String, asked: String)
  case damagedState(path: String, line: Int)
  /// Another process uses the state.
  case stateInUse(path: String)
  /// The end was asked for; what was found is in the state.
  case stopped(state: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .notFinite, .logitNotFinite: .diverged
    case .layerNotFinite, .tooFewClasses, .damagedState: .unusableInput
    case .otherState: .usage
    case .stateInUse: .runDirectory
    case .stopped: .stopped
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
    case .otherState(let path, let what, let stored, let asked):
      "\(path) is the state of another measurement, its \(what) is \(stored), not \(asked): "
        + "ask for the same again, or remove the file or name another by --state"
    case .damagedState(let path, let line):
      "\(path):\(line): not a line of a measurement's state; remove the file, and begin again"
    case .stateInUse(let path):
      "\(path) is used by another measurement: wait for its end, or name another file by --state"
    case .stopped(let state):
      "stopped by a signal; the same command goes on with what is in \(state)"
    }
  }
}
