import Robustness

/// Share of test samples that attacks leave right, as a run's `attack.json` holds it.
public struct MeasuredRobustness: Sendable, Equatable {
  /// At one distance.
  public struct Radius: Sendable, Equatable {
    public let epsilon: Double
    /// 0 … 1.
    public let accuracy: Double
  }

  public let norm: String
  public let radii: [Radius]
  /// What was attacked and how, for a caption.
  public let method: String

  /// Nil for a file of other samples than those for testing.
  init?(_ file: AttackFile) {
    guard file.split == "test" else { return nil }
    norm = file.norm
    radii = file.results.epsilons.map { Radius(epsilon: $0.epsilon, accuracy: $0.robust.share) }
    let attacks = file.attacks.map { name in
      let effort = Self.effort(of: name).compactMap { key in
        file.effort[key].map { "\(key) \($0)" }
      }
      return effort.isEmpty ? name : "\(name) (\(effort.joined(separator: ", ")))"
    }
    method =
      "attack: \(attacks.joined(separator: ", ")); \(file.results.accuracy.count) test samples"
  }

  /// Which of the numbers in the file concern an attack.
  private static func effort(of attack: String) -> [String] {
    switch AttackPlan.Kind(rawValue: attack) {
    case .pgd: ["steps", "restarts"]
    case .apgdCrossEntropy: ["iterations"]
    case .apgdTargeted: ["iterations", "targets"]
    case .square: ["queries"]
    case nil: []
    }
  }
}

/// What is read of the file that `attack --json` writes.
struct AttackFile: Decodable {
  struct Results: Decodable {
    let accuracy: Count
    let epsilons: [AtEpsilon]
  }

  struct Count: Decodable { let count: Int }

  struct AtEpsilon: Decodable {
    let epsilon: Double
    let robust: Share
  }

  struct Share: Decodable { let share: Double }

  let split: String
  let norm: String
  let attacks: [String]
  let effort: [String: String]
  let results: Results
}
