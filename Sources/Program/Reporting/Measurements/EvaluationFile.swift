import Checkpoints
import Datasets
import Surveys

/// The JSON document that `evaluate --json` writes.
public struct EvaluationFile: Encodable, Sendable {
  /// Name of the model, as given on the command line.
  public let model: String
  /// The file that was read: of a run, that of its newest checkpoint.
  public let file: String
  /// SHA-256 of that file, and the steps that have trained it.
  public let origin: ModelOriginMembers
  public let dataSet: String
  public let split: String
  public let samples: Int
  public let correct: Int
  /// Mean cross-entropy.
  public let loss: Double
  /// Share of correct predictions, 0 … 1.
  public let accuracy: Double

  private enum CodingKeys: String, CodingKey {
    case model, file, split, samples, correct, loss, accuracy
    case dataSet = "data-set"
  }

  public init(
    _ result: Evaluator.Result, model: String, file: String, origin: Checkpoint.ModelOrigin,
    of dataset: Dataset
  ) {
    self.model = model
    self.file = file
    self.origin = ModelOriginMembers(origin)
    dataSet = dataset.name
    split = dataset.split.rawValue
    samples = result.samples
    correct = result.correct
    loss = result.loss
    accuracy = result.accuracy
  }

  public func encode(to encoder: any Encoder) throws {
    try origin.encode(to: encoder)
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(model, forKey: .model)
    try members.encode(file, forKey: .file)
    try members.encode(dataSet, forKey: .dataSet)
    try members.encode(split, forKey: .split)
    try members.encode(samples, forKey: .samples)
    try members.encode(correct, forKey: .correct)
    try members.encode(loss, forKey: .loss)
    try members.encode(accuracy, forKey: .accuracy)
  }
}
