import Failures

/// Complete description of a training run, except the hardware that it runs on.
///
/// A recipe is a flat YAML mapping, and each key has the spelling of its flag on the command line.
/// Its properties are the keys in ``RecipeKeys``: `recipe.batchSize` is the value of `batch-size`.
@dynamicMemberLookup
public struct Recipe: Sendable {
  /// Values of the keys that were set, by the name of the key; other keys have their defaults.
  private var values: [String: any Sendable] = [:]

  public init() {}

  public subscript<Value>(
    dynamicMember path: KeyPath<RecipeKeys, RecipeKeys.Key<Value>>
  ) -> Value {
    get { self[RecipeKeys.declared[keyPath: path]] }
    set { self[RecipeKeys.declared[keyPath: path]] = newValue }
  }

  subscript<Value>(key: RecipeKeys.Key<Value>) -> Value {
    get {
      guard let stored = values[key.name] else { return key.standard }
      guard let value = stored as? Value else { unreachable("\(key.name) holds \(stored)") }
      return value
    }
    set { values[key.name] = newValue }
  }

  static let lcnnBetaPenalty = 1e-4
  static let lcnnGammaPenalty = 1e-5
  /// Channels of ResNet-18's stem.
  public static let defaultStem = 64

  /// This recipe with explicit values for the penalties that its variant implies, and null for the
  /// components that it implies.
  ///
  /// The defaults for `lcnn` are assumed to be the paper's.
  public var resolved: Recipe {
    var recipe = self
    let (components, implied) = (self.components, self.variant.components)
    let isLowCurvature = self.variant == .lcnn
    let (trainsBeta, trainsGamma) = (components.trainsBeta, components.trainsGamma)
    recipe.betaPenalty =
      self.betaPenalty ?? (isLowCurvature && trainsBeta ? Self.lcnnBetaPenalty : 0)
    recipe.gammaPenalty =
      self.gammaPenalty ?? (isLowCurvature && trainsGamma ? Self.lcnnGammaPenalty : 0)
    if components.spectralNorm == implied.spectralNorm { recipe.spectralNorm = nil }
    if components.batchNormConstraint == implied.batchNormConstraint {
      recipe.batchNormConstraint = nil
    }
    if components.activation == implied.activation { recipe.activation = nil }
    return recipe
  }
}

extension Recipe: Equatable {
  public static func == (a: Recipe, b: Recipe) -> Bool {
    keys.allSatisfy { $0.value(in: a) == $0.value(in: b) }
  }
}

extension Recipe: Codable {
  /// Value of every key of the ``resolved`` recipe: the content of `recipe.json`.
  public var jsonObject: [String: RecipeValue] {
    let recipe = resolved
    return Dictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.value(in: recipe)) })
  }

  public func encode(to encoder: any Encoder) throws { try jsonObject.encode(to: encoder) }

  public init(from decoder: any Decoder) throws {
    self.init()
    for (name, value) in try [String: RecipeValue](from: decoder) {
      try Self.key(name, at: .runDirectory).set(value, in: &self, at: .runDirectory)
    }
    try validate()
  }
}

// MARK: Choices

extension Recipe {
  public enum NetworkName: String, CaseIterable, Sendable {
    case resnet18, resnet34, vgg11
    /// A residual network: a stem, then stages of `widths` and `blocks`.
    case resnet
    /// A sequence of the items in `layers`.
    case vgg
  }

  public enum Schedule: String, CaseIterable, Sendable { case step, cosine, constant }

  public enum NonFinitePolicy: String, CaseIterable, Sendable {
    /// The run ends; the weights are as they were before the step.
    case stop
    /// All ranks skip the step and training continues; ten such steps in a row end the run.
    case skip
  }

  public enum SaveFailurePolicy: String, CaseIterable, Sendable {
    /// Older checkpoints are kept, and the next one is tried as usual.
    case proceed
    /// The run ends.
    case stop
  }

  public enum GradientSum: String, CaseIterable, Sendable {
    /// The plan that is fastest in measurements before the first step.
    case auto
    /// The backward pass waits for each bucket.
    case blocking
    /// The backward pass continues while a bucket is reduced.
    case nonblocking
  }

  public enum BatchNormStatistics: String, CaseIterable, Sendable {
    /// Each batch is normalised over all ranks' samples.
    case global
    /// Each rank normalises with its local samples; running statistics are still those of all
    /// samples.
    case local
  }

  /// Number format of convolutions during training.
  public enum TrainingPrecision: String, CaseIterable, Sendable {
    /// Fastest precision in measurements: `fp32` on every CPU.
    case auto
    case fp32
    /// Factors of the larger convolutions are split into three bfloat16 terms, which is as exact as
    /// `fp32`. The format is meant for AMX, where it has not been timed.
    case bf16x3
    /// Factors of the larger convolutions are rounded to bfloat16; all other numbers are float32.
    case bf16
  }

  /// Norm of the distance between an adversarial example and its image.
  public enum AdversarialNorm: String, CaseIterable, Sendable { case l2, linf }

  public enum AdversarialAttack: String, CaseIterable, Sendable {
    /// White-box attack: against the labels, in evaluation mode, pixels clipped to their range.
    case standard
    /// Attack of the reference code: against the predictions, in training mode, pixels not clipped.
    case paper
  }

  /// One item of a VGG's `layers`.
  public enum VGGItem: Equatable, Sendable {
    /// A 3×3 convolution with `channels` output channels, followed by an activation.
    case convolution(channels: Int)
    /// 2×2 max pooling, written `M` in a recipe.
    case pooling
  }
}
