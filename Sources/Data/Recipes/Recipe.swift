/// Everything that decides what is trained and how; nothing about the machines that do it.
///
/// A recipe is a flat YAML mapping whose keys are spelled like the command line's flags; ``keys`` is the one table of both.
/// Defaults of the optimisation are those of the paper and its reference code (Srinivas et al. 2022, arXiv 2206.07144), for
/// 200 epochs of CIFAR; every other default says where it comes from, or is the plainest choice.
public struct Recipe: Equatable, Sendable {
  public enum DataSet: String, CaseIterable, Sendable {
    case digits, cifar10, cifar100, idx, synthetic
  }
  public enum Architecture: String, CaseIterable, Sendable {
    case resnet18, resnet34, vgg11
    /// Stages of `widths` and `blocks` after a stem.
    case resnet
    /// The sequence `layers`.
    case vgg
  }
  public enum Variant: String, CaseIterable, Sendable {
    /// Low-curvature: learned β and γ, spectral normalisation.
    case lcnn
    /// Softplus of a fixed β, plain batch norm and convolutions.
    case standard
  }
  public enum Schedule: String, CaseIterable, Sendable { case step, cosine, constant }
  public enum NonFinitePolicy: String, CaseIterable, Sendable {
    /// The run ends; the weights are as they were before the step.
    case stop
    /// The step is left out on all ranks and training goes on; ten in a row end the run.
    case skip
  }
  public enum GradientSum: String, CaseIterable, Sendable {
    /// As a measurement before the first step says.
    case auto
    /// Always ``GradientPlan/Strategy/blocking``.
    case blocking
    /// Always ``GradientPlan/Strategy/nonblocking``.
    case nonblocking
  }
  public enum BatchNormStatistics: String, CaseIterable, Sendable {
    /// Each batch is normalised over all ranks' samples.
    case global
    /// Each rank normalises its own samples; the running statistics are still those of all.
    case local
  }
  /// In which numbers convolutions multiply while a network is trained.
  public enum TrainingPrecision: String, CaseIterable, Sendable {
    /// The fastest as exact as `fp32`: `bf16x3` where the vector units have tiles.
    case auto
    case fp32
    /// Factors of the larger convolutions are sums of three bfloat16, as exact as `fp32`.
    case bf16x3
    /// Factors of the larger convolutions are rounded to bfloat16; sums and all else are float32.
    case bf16
  }
  /// In which norm adversarial examples are near their images.
  public enum AdversarialNorm: String, CaseIterable, Sendable { case l2, linf }
  public enum AdversarialAttack: String, CaseIterable, Sendable {
    /// Against the labels, in evaluation mode, within the range of pixels.
    case standard
    /// The reference code's: against the predictions, in training mode, pixels not clipped.
    case paper
  }
  /// One item of a VGG.
  public enum VGGLayer: Equatable, Sendable {
    /// A 3×3 convolution with so many output channels, and its activation.
    case convolution(channels: Int)
    /// 2×2 maximum pooling, `M` in a recipe.
    case pooling
  }

  // MARK: Data

  public var dataSet = DataSet.digits
  /// The directory with the data set's files; none for `digits` and `synthetic`.
  public var data: String?
  /// The first n samples only; all if none.
  public var trainSamples: Int?
  /// The first n samples only; all if none.
  public var testSamples: Int?
  /// Height and width of synthetic images, in pixels; CIFAR's.
  public var syntheticSize = 32
  /// Classes of synthetic images; CIFAR-10's.
  public var syntheticClasses = 10
  /// Pixels of zeros around an image before a random crop of its own size.
  ///
  /// 0 crops nothing; CIFAR's recipes use 4.
  public var cropPadding = 0
  /// Whether images are mirrored, each with probability ½.
  public var flip = false

  // MARK: Network

  public var architecture = Architecture.resnet18
  public var variant = Variant.lcnn
  /// Channels of a `resnet`'s first convolution; 64 if none, as in ResNet-18.
  public var stem: Int?
  /// Channels of each stage of a `resnet`.
  public var widths: [Int] = []
  /// Residual blocks in each stage of a `resnet`.
  public var blocks: [Int] = []
  /// The items of a `vgg`.
  public var layers: [VGGLayer] = []
  /// The fixed β of the standard variant's softplus, per unit of its input; at 1000 it is nearly ReLU.
  public var softplusBeta = 1000.0

  // MARK: Optimisation

  public var epochs = 200
  /// Samples per step, over all ranks.
  public var batchSize = 128
  /// The rate after warm-up, per step.
  public var learningRate = 0.1
  public var momentum = 0.9
  /// The gradient of ½·weight-decay·‖w‖² is added for weights and biases, never for β and γ.
  public var weightDecay = 5e-4
  public var schedule = Schedule.step
  /// Where the step schedule multiplies the rate by `decay`, as fractions of the epochs.
  public var milestones = [0.75, 0.875]
  public var decay = 0.1
  /// Epochs, or a part of one, over which the rate grows linearly to `learning-rate`.
  public var warmupEpochs = 0.0
  /// λ_β in λ_β·Σβ; none means 1e-4 for `lcnn`, believed to be the paper's, and 0 for `standard`.
  public var betaPenalty: Double?
  /// λ_γ in λ_γ·Σ|log γ|; none means 1e-5 for `lcnn`, believed to be the paper's, and 0 for `standard`.
  public var gammaPenalty: Double?
  /// λ_g in λ_g·mean‖∇ₓℓ‖²: per sample of the global batch, in units of pixels from 0 to 1.
  public var gradientNormPenalty = 0.0
  /// λ_c in λ_c·mean‖∇ₓℓ(x + z) − ∇ₓℓ(x)‖²: per sample of the global batch, in units of pixels from 0 to 1.
  public var curePenalty = 0.0
  /// ‖z‖₂; the paper's.
  public var cureStep = 1.0
  /// How far training images are moved by an attack, in `adversarial-norm`; 0 leaves them as they are.
  public var adversarialEpsilon = 0.0
  /// Length of one of the attack's steps; the paper's.
  public var adversarialStep = 0.01
  /// Steps of the attack; the paper's.
  public var adversarialSteps = 3
  public var adversarialNorm = AdversarialNorm.l2
  public var adversarialAttack = AdversarialAttack.standard
  /// Decides initial weights, sample order, augmentation and where attacks start; the default is arbitrary.
  public var seed: UInt64 = 1729

  public var precision = TrainingPrecision.auto

  // MARK: Execution

  /// Samples on which kernels run at once, chosen for cache size.
  ///
  /// Results may depend on it in their last bits.
  public var sliceSize = 8
  public var batchNorm = BatchNormStatistics.global
  /// Whether every bit of the result is the same for any number of ranks; costs memory and traffic.
  public var reproducible = false
  /// What a loss or gradient that is not finite does.
  public var onNonfinite = NonFinitePolicy.stop
  /// Steps from one comparison of all ranks' weights and state to the next; they are compared before every checkpoint too.
  public var divergenceCheckEvery = 100
  /// When the gradients of a bucket are summed over ranks.
  public var gradientSum = GradientSum.auto
  /// Gradients are summed over ranks in buckets of at least so many MiB; none to choose by measuring.
  public var bucketMegabytes: Double?
  /// Epochs from one checkpoint to the next.
  public var checkpointEvery = 1
  public var keepCheckpoints = 3
  /// Epochs from one evaluation on the test samples to the next.
  public var evaluateEvery = 1
  /// Epochs from one measurement of the test samples' curvature to the next; 0 for none.
  public var curvatureEvery = 0
  /// The first n test samples are measured.
  public var curvatureSamples = 64
  /// Stops after so many steps, for tests and timing; none for all epochs.
  public var maxSteps: Int?

  public init() {}

  /// The same recipe with the penalties that its variant implies written out.
  public var resolved: Recipe {
    var recipe = self
    recipe.betaPenalty = betaPenalty ?? (variant == .lcnn ? 1e-4 : 0)
    recipe.gammaPenalty = gammaPenalty ?? (variant == .lcnn ? 1e-5 : 0)
    return recipe
  }
}
