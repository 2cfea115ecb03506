import Datasets

/// The keys of a recipe, each declared once.
///
/// A declaration holds a key's section, name, domain, default and meaning. Flags, YAML,
/// `recipe.json`, `--help`, shell completion and the reference page are generated from it, in this
/// order. A property has the name of its key: `recipe.batchSize` is the value of `batch-size`.
/// Defaults of the optimisation are those of the paper and its reference code (Srinivas et al.
/// 2022, arXiv 2206.07144) for 200 epochs of CIFAR.
public struct RecipeKeys: Sendable {
  package static let declared = RecipeKeys()

  // MARK: Data

  public let dataSet = Key(
    .data, "data-set", .choice, default: DatasetName.digits, "data set to train and test on")
  public let data = Key<String?>(
    .data, "data", .optional(.path), default: nil,
    "directory of the data set's files; digits and synthetic have none")
  public let trainSamples = Key<Int?>(
    .data, "train-samples", .optional(.count(from: 1)), default: nil,
    "use only the first n training samples")
  public let testSamples = Key<Int?>(
    .data, "test-samples", .optional(.count(from: 1)), default: nil,
    "use only the first n test samples")
  // The default is CIFAR's size.
  public let syntheticSize = Key(
    .data, "synthetic-size", .count(from: 1), default: 32,
    "height and width of synthetic images in pixels")
  // The default is CIFAR-10's number of classes.
  public let syntheticClasses = Key(
    .data, "synthetic-classes", .count(2...65_536), default: 10,
    "number of classes of synthetic images")
  public let cropPadding = Key(
    .data, "crop-padding", .count(0...1024), default: 0,
    "pixels of zeros around a training image before a random crop of its size; 0: no crop")
  public let flip = Key(
    .data, "flip", .flag, default: false, "mirror each training image with probability 1/2")

  // MARK: Network

  public let architecture = Key(
    .network, "architecture", .choice, default: Recipe.NetworkName.resnet18,
    "network; resnet takes stem, widths and blocks, vgg takes layers")
  public let variant = Key(
    .network, "variant", .choice, default: Recipe.Variant.lcnn,
    "low-curvature network, or the baseline with softplus of fixed β and plain convolutions; a name "
      + "for values of the next three keys")
  public let spectralNorm = Key<Recipe.SpectralNorm?>(
    .network, "spectral-norm", .optional(.choice), default: nil,
    "norm that divides the weight of a convolution: the operator's on images, or the reshaped "
      + "matrix's; null: convolution for lcnn, none for standard")
  public let batchNormConstraint = Key<Recipe.BatchNormConstraint?>(
    .network, "batch-norm-constraint", .optional(.choice), default: nil,
    "lipschitz: no batch norm stretches a channel by more than its trained γ; null: lipschitz for "
      + "lcnn, none for standard")
  public let activation = Key<Recipe.ActivationName?>(
    .network, "activation", .optional(.choice), default: nil,
    "trained-softplus: centered, with trained β; null: trained-softplus for lcnn, softplus for "
      + "standard")
  public let stem = Key<Int?>(
    .network, "stem", .optional(.channels), default: nil,
    "output channels of a resnet's first convolution; null: \(Recipe.defaultStem)")
  public let widths = Key(
    .network, "widths", .list(.channels), default: [], "channels of each stage of a resnet")
  public let blocks = Key(
    .network, "blocks", .list(.count(1...1000)), default: [],
    "residual blocks in each stage of a resnet")
  public let layers = Key<[Recipe.VGGItem]>(
    .network, "layers", .list(.vggItem), default: [],
    "output channels of each 3×3 convolution of a vgg, and M for 2×2 max pooling")
  public let softplusBeta = Key(
    .network, "softplus-beta", .positive, default: 1000,
    "fixed β of the activations softplus and centered-softplus; at 1000 they are nearly ReLU")

  // MARK: Optimisation

  public let epochs = Key(
    .optimization, "epochs", .count(from: 1), default: 200, "passes over the training samples")
  public let batchSize = Key(
    .optimization, "batch-size", .count(from: 1), default: 128, "samples per step, over all ranks")
  public let learningRate = Key(
    .optimization, "learning-rate", .positive, default: 0.1, "learning rate after warm-up")
  public let momentum = Key(
    .optimization, "momentum", .belowOne, default: 0.9, "momentum of SGD")
  public let weightDecay = Key(
    .optimization, "weight-decay", .nonNegative, default: 5e-4,
    "λ of ½·λ‖w‖² over weights and biases, without β and γ")
  public let betaDecay = Key(
    .optimization, "beta-decay", .nonNegative, default: 0,
    "λ of ½·λ·Σ(log β)², weight decay on log_beta, which pulls each β towards 1")
  public let schedule = Key(
    .optimization, "schedule", .choice, default: Recipe.Schedule.step,
    "shape of the learning rate's decay")
  public let milestones = Key(
    .optimization, "milestones", .list(.fractionOfEpochs), default: [0.75, 0.875],
    "fractions of the epochs at which the step schedule multiplies the learning rate by decay")
  public let decay = Key(
    .optimization, "decay", .fraction, default: 0.1,
    "factor of the learning rate at each milestone")
  public let warmupEpochs = Key(
    .optimization, "warmup-epochs", .nonNegative, default: 0,
    "epochs, or a part of one, in which the learning rate grows linearly from 0")
  public let betaPenalty = Key<Double?>(
    .optimization, "beta-penalty", .optional(.nonNegative), default: nil,
    "λ_β of λ_β·Σβ; null: \(Recipe.lcnnBetaPenalty) for lcnn with trained β, else 0")
  public let gammaPenalty = Key<Double?>(
    .optimization, "gamma-penalty", .optional(.nonNegative), default: nil,
    "λ_γ of λ_γ·Σ|log γ|; null: \(Recipe.lcnnGammaPenalty) for lcnn with γ, else 0")
  public let boundPenalty = Key(
    .optimization, "bound-penalty", .nonNegative, default: 0,
    "λ_b of λ_b·log Σᵢ Πⱼ≤ᵢ γⱼβⱼ, the logarithm of a bound on the network's curvature")
  public let gradientNormPenalty = Key(
    .optimization, "gradient-norm-penalty", .nonNegative, default: 0,
    "λ_g of λ_g·mean‖∇ₓℓ‖² over the samples of the global batch")
  public let curePenalty = Key(
    .optimization, "cure-penalty", .nonNegative, default: 0,
    "λ_c of λ_c·mean‖∇ₓℓ(x + z) − ∇ₓℓ(x)‖² over the samples of the global batch")
  public let cureStep = Key(
    .optimization, "cure-step", .positive, default: 1, "‖z‖₂ of the cure penalty")
  public let adversarialEpsilon = Key(
    .optimization, "adversarial-epsilon", .nonNegative, default: 0,
    "ε of adversarial training: the attack's radius; 0: train on the images")
  public let adversarialStep = Key(
    .optimization, "adversarial-step", .positive, default: 0.01,
    "step length of the training attack")
  public let adversarialSteps = Key(
    .optimization, "adversarial-steps", .count(from: 1), default: 3,
    "number of steps of the training attack")
  public let adversarialNorm = Key(
    .optimization, "adversarial-norm", .choice, default: Recipe.AdversarialNorm.l2,
    "norm of adversarial-epsilon and adversarial-step")
  public let adversarialAttack = Key(
    .optimization, "adversarial-attack", .choice, default: Recipe.AdversarialAttack.standard,
    "standard: PGD against labels, pixels clipped; paper: the reference code's weaker variant")
  public let precision = Key(
    .optimization, "precision", .choice, default: Recipe.TrainingPrecision.auto,
    "factors of convolutions in training; auto: fp32; bf16x3: for AMX, never timed; bf16: rounded")
  // The default is arbitrary.
  public let seed = Key<UInt64>(
    .optimization, "seed", .seed, default: 1729,
    "seed of initial weights, sample order, augmentation and starts of attacks")

  // MARK: Execution

  // The default suits the size of caches.
  public let sliceSize = Key(
    .execution, "slice-size", .count(1...65_536), default: 8,
    "samples in one call of a kernel; may change the last bits of results")
  public let batchNorm = Key(
    .execution, "batch-norm", .choice, default: Recipe.BatchNormStatistics.global,
    "samples whose statistics normalise a batch: those of all ranks, or each rank's")
  public let reproducible = Key(
    .execution, "reproducible", .flag, default: false,
    "the same bits on any number of ranks, at a cost in memory and traffic")
  public let onNonfinite = Key(
    .execution, "on-nonfinite", .choice, default: Recipe.NonFinitePolicy.stop,
    "at a loss or gradient that is not finite: end the run, or skip the step")
  public let divergenceCheckEvery = Key(
    .execution, "divergence-check-every", .count(from: 1), default: 100,
    "steps between comparisons of all ranks' weights; every checkpoint makes one too")
  public let gradientSum = Key(
    .execution, "gradient-sum", .choice, default: Recipe.GradientSum.auto,
    "allreduce of the gradients: after each bucket, or beside the backward pass; auto: measured")
  public let bucketMegabytes = Key<Double?>(
    .execution, "bucket-megabytes", .optional(.megabytes), default: nil,
    "least size of a bucket of gradients in MiB; null: measured")
  public let checkpointEvery = Key(
    .execution, "checkpoint-every", .count(from: 1), default: 1, "epochs between checkpoints")
  public let checkpointSteps = Key<Int?>(
    .execution, "checkpoint-steps", .optional(.count(from: 1)), default: nil,
    "also a checkpoint after each n-th step")
  public let checkpointMinutes = Key<Double?>(
    .execution, "checkpoint-minutes", .optional(.positive), default: nil,
    "also a checkpoint when so many minutes have passed since the last one")
  public let keepCheckpoints = Key(
    .execution, "keep-checkpoints", .count(from: 1), default: 3,
    "number of newest checkpoints to keep")
  public let keepBest = Key(
    .execution, "keep-best", .count(from: 0), default: 0,
    "number of checkpoints to keep beside them, those of the highest test accuracy")
  public let keepEvery = Key<Int?>(
    .execution, "keep-every", .optional(.count(from: 1)), default: nil,
    "keep also the checkpoint of each n-th epoch")
  public let onSaveFailure = Key(
    .execution, "on-save-failure", .choice, default: Recipe.SaveFailurePolicy.proceed,
    "where a checkpoint cannot be written: proceed with a warning and try again, or stop")
  public let evaluateEvery = Key(
    .execution, "evaluate-every", .count(from: 1), default: 1,
    "epochs between evaluations on the test samples")
  public let curvatureEvery = Key(
    .execution, "curvature-every", .count(from: 0), default: 0,
    "epochs between measurements of the test samples' curvature; 0: none")
  public let curvatureSamples = Key(
    .execution, "curvature-samples", .count(from: 1), default: 64,
    "number of test samples whose curvature is measured, from the first")
  public let tensorboard = Key(
    .execution, "tensorboard", .flag, default: true,
    "write event files for TensorBoard into the run's directory")
  public let metricsTable = Key(
    .execution, "metrics-table", .flag, default: false,
    "write the metrics as metrics.csv too, beside metrics.jsonl")
  public let maxSteps = Key<Int?>(
    .execution, "max-steps", .optional(.count(from: 1)), default: nil,
    "end the run after so many steps")
}
