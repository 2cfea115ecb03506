import ArgumentParser
import Failures
import Recipes

/// A flag for every key of a recipe; what it says and takes is the recipe's own table.
///
/// A test holds this list against ``Recipe/keys``.
struct RecipeFlags: ParsableArguments {
  @Option(help: help("data-set")) var dataSet: String?
  @Option(help: help("data"), completion: .directory) var data: String?
  @Option(help: help("train-samples")) var trainSamples: String?
  @Option(help: help("test-samples")) var testSamples: String?
  @Option(help: help("synthetic-size")) var syntheticSize: String?
  @Option(help: help("synthetic-classes")) var syntheticClasses: String?
  @Option(help: help("crop-padding")) var cropPadding: String?
  @Option(help: help("flip")) var flip: String?

  @Option(help: help("architecture")) var architecture: String?
  @Option(help: help("variant")) var variant: String?
  @Option(help: help("stem")) var stem: String?
  @Option(help: help("widths")) var widths: String?
  @Option(help: help("blocks")) var blocks: String?
  @Option(help: help("layers")) var layers: String?
  @Option(help: help("softplus-beta")) var softplusBeta: String?

  @Option(help: help("epochs")) var epochs: String?
  @Option(help: help("batch-size")) var batchSize: String?
  @Option(help: help("learning-rate")) var learningRate: String?
  @Option(help: help("momentum")) var momentum: String?
  @Option(help: help("weight-decay")) var weightDecay: String?
  @Option(help: help("schedule")) var schedule: String?
  @Option(help: help("milestones")) var milestones: String?
  @Option(help: help("decay")) var decay: String?
  @Option(help: help("warmup-epochs")) var warmupEpochs: String?
  @Option(help: help("beta-penalty")) var betaPenalty: String?
  @Option(help: help("gamma-penalty")) var gammaPenalty: String?
  @Option(help: help("gradient-norm-penalty")) var gradientNormPenalty: String?
  @Option(help: help("cure-penalty")) var curePenalty: String?
  @Option(help: help("cure-step")) var cureStep: String?
  @Option(help: help("adversarial-epsilon")) var adversarialEpsilon: String?
  @Option(help: help("adversarial-step")) var adversarialStep: String?
  @Option(help: help("adversarial-steps")) var adversarialSteps: String?
  @Option(help: help("adversarial-norm")) var adversarialNorm: String?
  @Option(help: help("adversarial-attack")) var adversarialAttack: String?
  @Option(help: help("seed")) var seed: String?

  @Option(help: help("precision")) var precision: String?
  @Option(help: help("slice-size")) var sliceSize: String?
  @Option(help: help("batch-norm")) var batchNorm: String?
  @Option(help: help("reproducible")) var reproducible: String?
  @Option(help: help("on-nonfinite")) var onNonfinite: String?
  @Option(help: help("divergence-check-every")) var divergenceCheckEvery: String?
  @Option(help: help("gradient-sum")) var gradientSum: String?
  @Option(help: help("bucket-megabytes")) var bucketMegabytes: String?
  @Option(help: help("checkpoint-every")) var checkpointEvery: String?
  @Option(help: help("keep-checkpoints")) var keepCheckpoints: String?
  @Option(help: help("evaluate-every")) var evaluateEvery: String?
  @Option(help: help("curvature-every")) var curvatureEvery: String?
  @Option(help: help("curvature-samples")) var curvatureSamples: String?
  @Option(help: help("max-steps")) var maxSteps: String?

  /// Sets the keys whose flags were given.
  func apply(to recipe: inout Recipe) throws(RecipeError) {
    for (name, text) in given { try recipe.set(key: name, text: text) }
  }

  /// The recipe of that file or name, with the keys set whose flags were given.
  func resolved(from name: String) throws -> Recipe {
    var recipe = try Recipe.load(name)
    try apply(to: &recipe)
    try recipe.validate()
    return recipe
  }

  /// Flags as written, under the keys' names, in the order of the list above.
  private var given: [(name: String, text: String)] {
    Mirror(reflecting: self).children.compactMap { child in
      guard let label = child.label, let option = child.value as? Option<String?>,
        let text = option.wrappedValue
      else { return nil }
      return (Self.keyName(ofProperty: label), text)
    }
  }

  /// `_batchSize`, a property wrapper's storage, is the key `batch-size`.
  private static func keyName(ofProperty label: String) -> String {
    label.drop { $0 == "_" }.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }

  private static func help(_ name: String) -> ArgumentHelp {
    guard let key = Recipe.keys.first(where: { $0.name == name }) else {
      unreachable("no key \(name) in the recipe's table")
    }
    let standard = key.defaultValue == .null ? "" : "; default \(key.defaultValue)"
    return ArgumentHelp("\(key.help) (\(key.values)\(standard))", valueName: "value")
  }
}
