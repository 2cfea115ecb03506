import Datasets
import Kernels
import Layers
import Networks
import Recipes
import Robustness
import Tensors

/// The meaning of a recipe's keys to data, network, step and run.
extension Recipe {
  // MARK: - Data

  /// Source of the samples; `synthetic` has as many in each split as the recipe trains on.
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
  public func load(
    _ split: Dataset.Split, observer: LoadingObserver? = nil
  ) throws -> Dataset {
    let directory: String? = source.hasFiles ? try dataDirectory() : nil
    let dataset = try source.load(split, directory: directory, observer: observer)
    guard let limit = split == .train ? self.trainSamples : self.testSamples, limit < dataset.count
    else {
      return dataset
    }
    return dataset.prefix(limit)
  }

  /// Synthetic images of the size of this recipe's data set, whose files are not read.
  package func noise(samples: Int) throws -> Dataset {
    let format = source.format
    return try DatasetSource.synthetic(
      height: format.height, width: format.width, channels: format.channels,
      classes: format.classes, count: samples, seed: self.seed
    ).load(.train, directory: nil)
  }

  public var augmentation: Augmentation {
    Augmentation(padding: self.cropPadding, flip: self.flip ? .horizontal : .none, seed: self.seed)
  }

  /// The order of training samples, a function of seed and epoch.
  ///
  /// Ranks share samples, or whole slices where bits must not depend on their number.
  public func sampler(for dataset: Dataset) -> ShardedSampler {
    ShardedSampler(
      count: dataset.count, globalBatch: self.batchSize, order: .shuffled(seed: self.seed),
      granularity: granularity)
  }

  /// The indices of one rank's samples in a batch, as the sampler shares it among `size` ranks.
  package func share(ofRank rank: Int, size: Int) -> Range<Int> {
    ShardedSampler.share(of: self.batchSize, rank: rank, size: size, granularity: granularity)
  }

  private var granularity: Int { self.reproducible ? self.sliceSize : 1 }

  /// The most shares of a batch that make kernels no slower and train the same function.
  ///
  /// Kernels take whole slices, and local batch statistics are those of a share.
  package var mostShares: Int {
    self.batchNorm == .local ? 1 : max(1, self.batchSize / self.sliceSize)
  }

  // MARK: - Network

  /// The network for images like those of `dataset`.
  public func networkArchitecture(
    for dataset: Dataset
  ) throws(ArchitectureError) -> Architecture {
    try Architecture(
      body,
      variant: networkVariant,
      height: dataset.height, width: dataset.width, channels: dataset.channels,
      classes: dataset.classes)
  }

  private var networkVariant: Architecture.Variant {
    let components = self.components
    return Architecture.Variant(
      spectralNorm: spectralNormalization(components.spectralNorm),
      batchNorm: components.batchNormConstraint == .lipschitz ? .lipschitz : .none,
      activation: activation(components.activation))
  }

  private func spectralNormalization(
    _ norm: SpectralNorm
  ) -> Architecture.Variant.SpectralNormalization {
    switch norm {
    case .convolution: .convolution
    case .matrix: .matrix
    case .none: .none
    }
  }

  private func activation(_ name: ActivationName) -> Architecture.Variant.Activation {
    let beta = Float(self.softplusBeta)
    return switch name {
    case .trainedSoftplus: .trainedSoftplus
    case .centeredSoftplus: .fixed(.centeredSoftplus(beta: beta))
    case .softplus: .fixed(.softplus(beta: beta))
    case .relu: .fixed(.relu)
    case .gelu: .fixed(.gelu)
    case .silu: .fixed(.silu)
    }
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

  /// The configuration of a model that is trained as the recipe says.
  ///
  /// - Parameter largestShare: the most samples of a batch that a rank gets.
  public func modelConfiguration(largestShare: Int) -> ModelConfiguration {
    // Evaluation takes whole slices, also where a rank's share of a batch is smaller.
    ModelConfiguration(
      trainingPurpose, maximumSamples: max(largestShare, self.sliceSize), slices: slices,
      batchNormScope: batchNormScope, sumOrder: sumOrder, precision: productPrecision)
  }

  /// The purpose of a model that is trained as the recipe says.
  public var trainingPurpose: ModelConfiguration.Purpose {
    if objective.penalizesInputGradient { return .trainingWithPenalty }
    return self.adversarialEpsilon > 0 ? .trainingWithInputGradients : .training
  }

  public var slices: Slices { Slices(samples: self.sliceSize) }

  public var batchNormScope: BatchNormScope { self.batchNorm == .global ? .global : .local }

  public var sumOrder: SumOrder { self.reproducible ? .reproducible : .fastest }

  public var productPrecision: Precision {
    switch self.precision {
    case .auto, .fp32: .float32
    case .bf16x3: .bfloat16x3
    case .bf16: .bfloat16
    }
  }

  /// The precision in use by its name in a recipe, which is never `auto`.
  public var decidedPrecision: TrainingPrecision {
    switch productPrecision {
    case .float32: .fp32
    case .bfloat16x3: .bf16x3
    case .bfloat16: .bf16
    }
  }

  // MARK: - Step

  public var objective: Objective {
    let recipe = resolved
    return Objective(
      beta: Float(recipe.betaPenalty ?? 0), gamma: Float(recipe.gammaPenalty ?? 0),
      bound: Float(self.boundPenalty),
      gradientNorm: Float(self.gradientNormPenalty), cure: Float(self.curePenalty),
      cureStep: Float(self.cureStep))
  }

  /// The buffers of the objective's CURE term; nil without one.
  public func makeCUREPenalty(for model: Model) throws -> CUREPenalty? {
    objective.cure > 0 ? try CUREPenalty(model, objective) : nil
  }

  /// The attack on a step's images; nil without adversarial training.
  public func adversary(for model: Model) throws -> Adversary? {
    guard self.adversarialEpsilon > 0 else { return nil }
    let threat = ThreatModel(
      self.adversarialNorm == .l2 ? .l2 : .linf, epsilon: self.adversarialEpsilon,
      pixels: self.adversarialAttack == .standard ? .unit : .unbounded)
    let settings = ProjectedGradientDescent.Settings(
      threat: threat, steps: self.adversarialSteps, stepSize: self.adversarialStep,
      mode: attackMode)
    return Adversary(
      try ProjectedGradientDescent(model, settings, seed: self.seed),
      against: self.adversarialAttack == .standard ? .labels : .predictions)
  }

  /// The mode of the network under the attack of adversarial training.
  package var attackMode: Mode { self.adversarialAttack == .standard ? .evaluation : .training }

  public var optimizer: SGD {
    SGD(
      momentum: Float(self.momentum), weightDecay: Float(self.weightDecay),
      betaDecay: Float(self.betaDecay))
  }

  public var learningRates: LearningRateSchedule {
    LearningRateSchedule(
      base: self.learningRate, epochs: Double(self.epochs), warmup: self.warmupEpochs,
      shape: self.schedule, milestones: self.milestones, decay: self.decay)
  }

  /// The gradient plans among which a run may choose, the plainest first.
  ///
  /// Blocking allreduces are hardly faster in small buckets, so only the others are tried with the
  /// smallest.
  package var gradientPlans: [GradientPlan] {
    let asked = GradientPlan.Strategy(rawValue: self.gradientSum.rawValue)
    let strategies = asked.map { [$0] } ?? GradientPlan.Strategy.allCases
    return strategies.flatMap { strategy in
      let sizes = strategy == .blocking ? Self.bucketSizes.filter { $0 > 1 } : Self.bucketSizes
      return (self.bucketMegabytes.map { [$0] } ?? sizes).map {
        GradientPlan(strategy, bucketMegabytes: $0)
      }
    }
  }

  /// In MiB, from buckets that latency does not dominate to one that leaves little to overlap.
  private static let bucketSizes = [4.0, 16, 1]

  // MARK: - Run

  /// Whether curvature is measured after epoch `epoch`, which need not be the run's last one.
  func measuresCurvature(after epoch: Int) -> Bool {
    self.curvatureEvery > 0 && epoch % self.curvatureEvery == 0
  }
}
