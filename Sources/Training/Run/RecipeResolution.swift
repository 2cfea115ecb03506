import Datasets
import Kernels
import Layers
import Networks
import Recipes
import Robustness
import Tensors

/// What a recipe's keys mean to the engine.
extension Recipe {
  /// Source of the samples; `synthetic` has as many in each split as the recipe asks to train on.
  public var source: DatasetSource {
    let count = max(self.trainSamples ?? Recipe.syntheticSamples, self.testSamples ?? 0)
    return self.dataSet.source(
      synthetic: .synthetic(
        height: self.syntheticSize, width: self.syntheticSize, channels: 3,
        classes: self.syntheticClasses, count: count, seed: self.seed))
  }

  /// Enough for timing; nobody learns from noise.
  private static let syntheticSamples = 2048

  /// One split, cut to the recipe's number of samples.
  public func load(_ split: Dataset.Split) throws -> Dataset {
    let directory: String? = source.hasFiles ? try dataDirectory() : nil
    let dataset = try source.load(split, directory: directory)
    guard let limit = split == .train ? self.trainSamples : self.testSamples, limit < dataset.count
    else {
      return dataset
    }
    return dataset.prefix(limit)
  }

  /// The network for images like those of `dataset`.
  public func networkArchitecture(
    for dataset: Dataset
  ) throws(ArchitectureError) -> Architecture {
    try Architecture(
      body,
      variant: self.variant == .lcnn ? .lowCurvature : .standard(beta: Float(self.softplusBeta)),
      height: dataset.height, width: dataset.width, channels: dataset.channels,
      classes: dataset.classes)
  }

  private var body: Architecture.Body {
    switch self.architecture {
    case .resnet18: Architecture.resNet18
    case .resnet34: Architecture.resNet34
    case .vgg11: Architecture.vgg11
    case .resnet:
      .resNet(stem: self.stem ?? Recipe.defaultStem, widths: self.widths, blocks: self.blocks)
    case .vgg:
      .vgg(
        self.layers.map { layer in
          switch layer {
          case .convolution(let channels): .convolution(channels: channels)
          case .pooling: .pooling
          }
        })
    }
  }

  public var objective: Objective {
    let recipe = resolved
    return Objective(
      beta: Float(recipe.betaPenalty ?? 0), gamma: Float(recipe.gammaPenalty ?? 0),
      gradientNorm: Float(self.gradientNormPenalty))
  }

  /// What a model has to be built for, to be trained as the recipe says.
  public var trainingPurpose: ModelConfiguration.Purpose {
    if self.gradientNormPenalty > 0 || self.curePenalty > 0 { return .trainingWithPenalty }
    return self.adversarialEpsilon > 0 ? .trainingWithInputGradients : .training
  }

  /// CURE's penalty; nil without one.
  public func curvaturePenalty(for model: Model) throws -> CurvaturePenalty? {
    guard self.curePenalty > 0 else { return nil }
    return try CurvaturePenalty(model, weight: Float(self.curePenalty), step: Float(self.cureStep))
  }

  /// Who replaces the images by adversarial examples; nil without adversarial training.
  public func adversary(for model: Model) throws -> Adversary? {
    guard self.adversarialEpsilon > 0 else { return nil }
    let isStandard = self.adversarialAttack == .standard
    let threat = ThreatModel(
      self.adversarialNorm == .l2 ? .l2 : .linf, epsilon: self.adversarialEpsilon,
      pixels: isStandard ? .unit : .unbounded)
    let settings = ProjectedGradientDescent.Settings(
      threat: threat, steps: self.adversarialSteps, stepSize: self.adversarialStep,
      mode: isStandard ? .evaluation : .training)
    return Adversary(
      try ProjectedGradientDescent(model, settings, seed: self.seed),
      against: isStandard ? .labels : .predictions)
  }

  public var optimizer: SGD {
    SGD(momentum: Float(self.momentum), weightDecay: Float(self.weightDecay))
  }

  public var learningRates: LearningRateSchedule {
    let shape: LearningRateSchedule.Shape =
      switch self.schedule {
      case .constant: .constant
      case .cosine: .cosine
      case .step: .step(milestones: self.milestones, decay: self.decay)
      }
    return LearningRateSchedule(
      base: self.learningRate, epochs: Double(self.epochs), warmup: self.warmupEpochs, shape: shape)
  }

  public var augmentation: Augmentation {
    Augmentation(padding: self.cropPadding, flip: self.flip ? .horizontal : .none, seed: self.seed)
  }

  public var slices: Slices { Slices(samples: self.sliceSize) }

  public var sumOrder: SumOrder { self.reproducible ? .reproducible : .fastest }

  public var productPrecision: Precision {
    switch self.precision {
    case .auto, .fp32: .float32
    case .bf16x3: .bfloat16x3
    case .bf16: .bfloat16
    }
  }

  /// The precision that `precision` chooses, which is never `auto`.
  public var decidedPrecision: TrainingPrecision {
    switch productPrecision {
    case .float32: .fp32
    case .bfloat16x3: .bf16x3
    case .bfloat16: .bf16
    }
  }

  public var batchNormScope: BatchNormScope { self.batchNorm == .global ? .global : .local }

  /// The order of training samples, a function of seed and epoch.
  ///
  /// Ranks share samples, or whole slices where bits must not depend on their number.
  public func sampler(for dataset: Dataset) -> ShardedSampler {
    ShardedSampler(
      count: dataset.count, globalBatch: self.batchSize, order: .shuffled(seed: self.seed),
      granularity: self.reproducible ? self.sliceSize : 1)
  }
}
