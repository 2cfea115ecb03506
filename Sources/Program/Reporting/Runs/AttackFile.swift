import Checkpoints
import Robustness

/// The JSON document that `attack --json` writes and `table` reads.
public struct AttackFile: Codable, Sendable {
  /// Name of the model, as given on the command line.
  public let model: String
  /// SHA-256 of the model's file, and the steps that have trained it; nil in older documents.
  public let modelSHA256: String?
  public let modelStep: Int?
  public let dataSet: String
  public let split: String
  public let norm: String
  public let attacks: [String]
  /// Effort of the attacks, such as steps and restarts, by the names of their options.
  public let effort: [String: Int]
  public let seed: UInt64
  public let results: RobustnessSummary

  private enum CodingKeys: String, CodingKey {
    case model, split, norm, attacks, effort, seed, results
    case dataSet = "data-set"
    case modelSHA256 = "model-sha256"
    case modelStep = "model-step"
  }

  public init(
    model: String, origin: Checkpoint.ModelOrigin? = nil, dataSet: String, split: String,
    plan: AttackPlan, effort: [String: Int],
    results: RobustnessSummary
  ) {
    self.model = model
    modelSHA256 = origin?.sha256
    modelStep = origin?.step
    self.dataSet = dataSet
    self.split = split
    norm = plan.norm.rawValue
    attacks = plan.kinds.map(\.rawValue)
    self.effort = effort
    seed = plan.seed
    self.results = results
  }
}

extension AttackFile {
  /// Reads a document; older versions wrote the effort as texts.
  public init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    model = try members.decode(String.self, forKey: .model)
    modelSHA256 = try members.decodeIfPresent(String.self, forKey: .modelSHA256)
    modelStep = try members.decodeIfPresent(Int.self, forKey: .modelStep)
    dataSet = try members.decode(String.self, forKey: .dataSet)
    split = try members.decode(String.self, forKey: .split)
    norm = try members.decode(String.self, forKey: .norm)
    attacks = try members.decode([String].self, forKey: .attacks)
    if let texts = try? members.decode([String: String].self, forKey: .effort) {
      effort = texts.compactMapValues { Int($0) }
    } else {
      effort = try members.decode([String: Int].self, forKey: .effort)
    }
    seed = try members.decode(UInt64.self, forKey: .seed)
    results = try members.decode(RobustnessSummary.self, forKey: .results)
  }
}

/// Robust accuracy on the test samples, read from a run's `attack.json`.
public struct RobustnessResult: Sendable, Equatable {
  public struct AtEpsilon: Sendable, Equatable {
    public let epsilon: Double
    /// Share of the samples whose prediction was right and that no attack broke, 0 … 1.
    public let accuracy: Double
  }

  public let norm: String
  public let epsilons: [AtEpsilon]
  /// Description of the attacks, their effort and the number of samples, for a caption.
  public let method: String

  /// Creates the result; nil if the file is not about the test samples.
  public init?(_ file: AttackFile) {
    guard file.split == "test" else { return nil }
    norm = file.norm
    epsilons = file.results.epsilons.map {
      AtEpsilon(epsilon: $0.epsilon, accuracy: $0.robust.share)
    }
    let attacks = file.attacks.map { name in
      let options = AttackPlan.Kind(rawValue: name)?.efforts.map(\.rawValue) ?? []
      let effort = options.compactMap { option in
        file.effort[option].map { "\(option) \($0)" }
      }
      return effort.isEmpty ? name : "\(name) (\(effort.joined(separator: ", ")))"
    }
    method =
      "attack: \(attacks.joined(separator: ", ")); \(file.results.accuracy.count) test samples"
  }
}
