import Failures

/// Everything that decides what is trained and how, except the machines that do it.
///
/// A recipe is a flat YAML mapping whose keys are spelled like the command line's flags. Its properties
/// are the keys that ``RecipeKeys`` declares: `recipe.batchSize` is the value of `batch-size`.
@dynamicMemberLookup
public struct Recipe: Sendable {
  /// Values that were set, by the name of their key; every other key has its default.
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
  /// ResNet-18's.
  public static let defaultStem = 64

  /// This recipe with the penalties written out that its variant implies.
  ///
  /// The defaults for `lcnn` are believed to be the paper's.
  public var resolved: Recipe {
    var recipe = self
    let isLowCurvature = self.variant == .lcnn
    recipe.betaPenalty = self.betaPenalty ?? (isLowCurvature ? Self.lcnnBetaPenalty : 0)
    recipe.gammaPenalty = self.gammaPenalty ?? (isLowCurvature ? Self.lcnnGammaPenalty : 0)
    return recipe
  }
}

extension Recipe: Equatable {
  public static func == (a: Recipe, b: Recipe) -> Bool {
    keys.allSatisfy { $0.value(in: a) == $0.value(in: b) }
  }
}

extension Recipe: Codable {
  /// Every key with its value, penalties resolved: the content of `recipe.json`.
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
    /// Stages of `widths` and `blocks` after a stem.
    case resnet
    /// The sequence `layers`.
    case vgg
  }

  public enum Variant: String, CaseIterable, Sendable {
    /// Low curvature: learned β and γ, spectral normalisation.
    case lcnn
    /// Softplus of a fixed β, plain batch norm and convolutions.
    case standard
  }

  public enum Schedule: String, CaseIterable, Sendable { case step, cosine, constant }

  public enum NonFinitePolicy: String, CaseIterable, Sendable {
    /// The run ends; the weights are as they were before the step.
    case stop
    /// All ranks leave the step out and training goes on; ten such steps in a row end the run.
    case skip
  }

  public enum GradientSum: String, CaseIterable, Sendable {
    /// The plan that is fastest in a measurement before the first step.
    case auto
    /// The backward pass waits for each bucket.
    case blocking
    /// The backward pass goes on while a bucket is reduced.
    case nonblocking
  }

  public enum BatchNormStatistics: String, CaseIterable, Sendable {
    /// Each batch is normalised over all ranks' samples.
    case global
    /// Each rank normalises its samples alone; the running statistics are still those of all samples.
    case local
  }

  /// Number format in which convolutions multiply while a network is trained.
  public enum TrainingPrecision: String, CaseIterable, Sendable {
    /// The precision that measurements favour: `fp32` on every CPU.
    case auto
    case fp32
    /// Factors of the larger convolutions are sums of three bfloat16, as exact as `fp32`. This is for AMX,
    /// on which it has never been timed.
    case bf16x3
    /// Factors of the larger convolutions are rounded to bfloat16; sums and all else are float32.
    case bf16
  }

  /// Norm of the distance between an adversarial example and its image.
  public enum AdversarialNorm: String, CaseIterable, Sendable { case l2, linf }

  public enum AdversarialAttack: String, CaseIterable, Sendable {
    /// Attacks the labels, in evaluation mode, within the range of pixels.
    case standard
    /// Reference code's attack: against the predictions, in training mode, pixels not clipped.
    case paper
  }

  /// One item of a VGG's `layers`.
  public enum VGGItem: Equatable, Sendable {
    /// A 3×3 convolution with so many output channels, and its activation.
    case convolution(channels: Int)
    /// 2×2 max pooling, `M` in a recipe.
    case pooling
  }
}
