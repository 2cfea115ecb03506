import Datasets
import Kernels
import Layers
import Networks
import Recipes
import Robustness
import Tensors

/// What a recipe's keys mean to the engine.
extension Recipe {
  /// Where the samples come from; `synthetic` has as many in each split as the recipe asks to train on.
  public var source: DatasetSource {
    switch dataSet {
    case .digits: .digits
    case .cifar10: .cifar10
    case .cifar100: .cifar100
    case .idx: .idx
    case .synthetic:
      .synthetic(
        height: syntheticSize, width: syntheticSize, channels: 3, classes: syntheticClasses,
        count: max(trainSamples ?? Recipe.syntheticSamples, testSamples ?? 0), seed: seed)
    }
  }

  /// Enough for timing; nobody learns from noise.
  private static let syntheticSamples = 2048

  /// One split, cut to the recipe's number of samples.
  public func load(_ split: Dataset.Split) throws -> Dataset {
    let directory: String? = source.hasFiles ? try dataDirectory() : nil
    let dataset = try source.load(split, directory: directory)
    guard let limit = split == .train ? trainSamples : testSamples, limit < dataset.count else {
      return dataset
    }
    return dataset.prefix(limit)
  }

  /// The network for images like those of `dataset`.
  public func architecture(for dataset: Dataset) throws(ArchitectureError) -> Networks.Architecture
  {
    try Networks.Architecture(
      body, variant: variant == .lcnn ? .lowCurvature : .standard(beta: Float(softplusBeta)),
      height: dataset.height, width: dataset.width, channels: dataset.channels,
      classes: dataset.classes)
  }

  private var body: Networks.Architecture.Body {
    switch architecture {
    case .resnet18: Networks.Architecture.resNet18
    case .resnet34: Networks.Architecture.resNet34
    case .vgg11: Networks.Architecture.vgg11
    case .resnet: .resNet(stem: stem ?? Recipe.resNet18Stem, widths: widths, blocks: blocks)
    case .vgg:
      .vgg(
        layers.map { layer in
          switch layer {
          case .convolution(let channels): .convolution(channels: channels)
          case .pooling: .pooling
          }
        })
    }
  }

  private static let resNet18Stem = 64

  public var objective: Objective {
    let recipe = resolved
    return Objective(
      beta: Float(recipe.betaPenalty ?? 0), gamma: Float(recipe.gammaPenalty ?? 0),
      gradientNorm: Float(gradientNormPenalty))
  }

  /// What a model has to be built for, to be trained as the recipe says.
  public var trainingPurpose: ModelConfiguration.Purpose {
    if gradientNormPenalty > 0 || curePenalty > 0 { return .trainingWithPenalty }
    return adversarialEpsilon > 0 ? .trainingWithInputGradients : .training
  }

  /// CURE's penalty; nil without one.
  public func curvaturePenalty(for model: Model) throws -> CurvaturePenalty? {
    guard curePenalty > 0 else { return nil }
    return try CurvaturePenalty(model, weight: Float(curePenalty), step: Float(cureStep))
  }

  /// Who replaces the images by adversarial examples; nil without adversarial training.
  public func adversary(for model: Model) throws -> Adversary? {
    guard adversarialEpsilon > 0 else { return nil }
    let isStandard = adversarialAttack == .standard
    let threat = ThreatModel(
      adversarialNorm == .l2 ? .l2 : .linf, epsilon: adversarialEpsilon,
      pixels: isStandard ? .unit : .unbounded)
    let settings = ProjectedGradientDescent.Settings(
      threat: threat, steps: adversarialSteps, stepSize: adversarialStep,
      mode: isStandard ? .evaluation : .training)
    return Adversary(
      try ProjectedGradientDescent(model, settings, seed: seed),
      against: isStandard ? .labels : .predictions)
  }

  public var optimizer: SGD {
    SGD(momentum: Float(momentum), weightDecay: Float(weightDecay))
  }

  public var learningRates: LearningRateSchedule {
    let shape: LearningRateSchedule.Shape =
      switch schedule {
      case .constant: .constant
      case .cosine: .cosine
      case .step: .step(milestones: milestones, decay: decay)
      }
    return LearningRateSchedule(
      base: learningRate, epochs: Double(epochs), warmup: warmupEpochs, shape: shape)
  }

  public var augmentation: Augmentation {
    Augmentation(padding: cropPadding, flip: flip ? .horizontal : .none, seed: seed)
  }

  public var slices: Slices { Slices(samples: sliceSize) }

  public var sumOrder: SumOrder { reproducible ? .reproducible : .fastest }

  public var productPrecision: Precision {
    switch precision {
    case .auto: .fastestExact
    case .fp32: .float32
    case .bf16x3: .bfloat16x3
    case .bf16: .bfloat16
    }
  }

  /// What `precision` means by the vector units in use, which is never `auto`.
  public var decidedPrecision: TrainingPrecision {
    switch productPrecision {
    case .float32: .fp32
    case .bfloat16x3: .bf16x3
    case .bfloat16: .bf16
    }
  }

  public var batchNormScope: BatchNormScope { batchNorm == .global ? .global : .local }

  /// The order of training samples, a function of seed and epoch.
  ///
  /// Ranks share samples, or whole slices where bits must not depend on their number.
  public func sampler(for dataset: Dataset) -> ShardedSampler {
    ShardedSampler(
      count: dataset.count, globalBatch: batchSize, order: .shuffled(seed: seed),
      granularity: reproducible ? sliceSize : 1)
  }
}

extension DatasetSource {
  /// Whether the samples are read from a directory.
  var hasFiles: Bool {
    switch self {
    case .cifar10, .cifar100, .idx: true
    case .digits, .synthetic: false
    }
  }
}
