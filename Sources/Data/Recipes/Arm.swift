import Failures

/// A row of the paper's tables: a training objective, for any network and any data.
///
/// An arm sets the recipe keys in ``keys``; keys that it does not name get their defaults. All arms
/// have the same weight decay.
/// - Source: Srinivas et al. 2022, table 1; the weights per sample are the paper's at its batch of
///   128.
public enum Arm: String, CaseIterable, Sendable, Codable {
  case standard, lcnn, gradreg
  case lcnnGradReg = "lcnn-gradreg"
  case cure, softplus, adversarial

  /// Recipe keys that an arm sets.
  public static let keys = [
    "variant", "spectral-norm", "batch-norm-constraint", "activation", "softplus-beta",
    "beta-decay", "beta-penalty", "gamma-penalty", "bound-penalty", "gradient-norm-penalty",
    "cure-penalty", "cure-step", "adversarial-epsilon", "adversarial-step", "adversarial-steps",
    "adversarial-norm", "adversarial-attack",
  ]

  /// Name of the arm's row in the tables.
  public var title: String {
    switch self {
    case .standard: "Standard"
    case .lcnn: "LCNN"
    case .gradreg: "GradReg"
    case .lcnnGradReg: "LCNN + GradReg"
    case .cure: "CURE"
    case .softplus: "Softplus + weight decay"
    case .adversarial: "Adversarial training"
    }
  }

  /// Values of the keys that the arm sets, as texts of flags.
  public var values: [(key: String, text: String)] {
    // The values are 1e-3 · 1e5 / 128² and 1e-3 · 1e3 / 128², since the reference code weights the
    // batch's mean loss.
    let gradientNorm = [("gradient-norm-penalty", "6.1e-3")]
    let lowCurvature = [("variant", "lcnn"), ("beta-penalty", "1e-4"), ("gamma-penalty", "1e-5")]
    let standard = [("variant", "standard")]
    return switch self {
    case .standard: standard
    case .lcnn: lowCurvature
    case .gradreg: standard + gradientNorm
    case .lcnnGradReg: lowCurvature + gradientNorm
    case .cure: standard + [("cure-penalty", "6.1e-5"), ("cure-step", "1")]
    case .softplus: standard + [("softplus-beta", "10")]
    case .adversarial:
      standard + [
        ("adversarial-epsilon", "0.1"), ("adversarial-step", "0.01"), ("adversarial-steps", "3"),
        ("adversarial-norm", "l2"),
      ]
    }
  }
}

extension Recipe {
  /// Sets every key of ``Arm/keys`` to the arm's value.
  public mutating func apply(_ arm: Arm) throws(RecipeError) {
    for name in Arm.keys {
      let key = try Self.key(name, at: .flag)
      try key.set(key.defaultValue, in: &self, at: .flag)
    }
    for (key, text) in arm.values { try set(key: key, text: text) }
  }

  /// The arm that agrees with the recipe in most of ``Arm/keys``, and the keys that differ.
  ///
  /// If several arms are equally near, the last one is chosen, so a penalty with another weight
  /// still belongs to the arm of that penalty.
  public var nearestArm: (arm: Arm, differences: [(key: String, value: RecipeValue)]) {
    get throws(RecipeError) {
      let values = jsonObject
      var nearest: (arm: Arm, differences: [(key: String, value: RecipeValue)])?
      for arm in Arm.allCases {
        var recipe = self
        try recipe.apply(arm)
        let other = recipe.jsonObject
        let differences = Arm.keys.compactMap { key in
          values[key].flatMap { $0 == other[key] ? nil : (key: key, value: $0) }
        }
        if differences.count <= nearest?.differences.count ?? Int.max {
          nearest = (arm, differences)
        }
      }
      guard let nearest else { unreachable("there are arms") }
      return nearest
    }
  }
}
