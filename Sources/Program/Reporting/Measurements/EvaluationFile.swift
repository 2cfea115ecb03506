import Datasets
import Surveys

/// The JSON document that `evaluate --json` writes.
public struct EvaluationFile: Codable, Sendable {
  /// Name of the model, as given on the command line.
  public let model: String
  /// The file that was read: of a run, that of its newest checkpoint.
  public let file: String
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

  public init(_ result: Evaluator.Result, model: String, file: String, of dataset: Dataset) {
    self.model = model
    self.file = file
    dataSet = dataset.name
    split = dataset.split.rawValue
    samples = result.samples
    correct = result.correct
    loss = result.loss
    accuracy = result.accuracy
  }
}
