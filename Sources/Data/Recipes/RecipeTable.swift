extension Recipe {
  /// Every key, in the order of the help text: the one list behind YAML, JSON and the flags.
  public static let keys: [RecipeKey] = dataKeys + networkKeys + optimizationKeys + executionKeys

  /// Keys in which repetitions of one experiment may differ: the seed, where the data lies, and what
  /// changes a result by rounding at most.
  public static let repetitionKeys = Set(executionKeys.map(\.name))
    .subtracting(["batch-norm", "max-steps"]).union(["seed", "data"])

  private static let dataKeys = [
    RecipeKey("data-set", \.dataSet, .choice, "what is learnt"),
    RecipeKey("data", \.data, .optional(.path), "directory with the data set's files"),
    RecipeKey(
      "train-samples", \.trainSamples, .optional(.count(from: 1)),
      "train on the first n samples only"
    ),
    RecipeKey(
      "test-samples", \.testSamples, .optional(.count(from: 1)), "test on the first n samples only"),
    RecipeKey(
      "synthetic-size", \.syntheticSize, .count(from: 1), "side of synthetic images, in pixels"),
    RecipeKey(
      "synthetic-classes", \.syntheticClasses, .count(2...65_536), "classes of synthetic images"),
    RecipeKey(
      "crop-padding", \.cropPadding, .count(0...1024),
      "pixels added around an image before a random crop"),
    RecipeKey("flip", \.flip, .flag, "mirror half of the images"),
  ]

  private static let networkKeys = [
    RecipeKey("architecture", \.architecture, .choice, "the network"),
    RecipeKey("variant", \.variant, .choice, "low-curvature, or the baseline"),
    RecipeKey(
      "stem", \.stem, .optional(.channels), "channels of a resnet's first convolution (64)"),
    RecipeKey("widths", \.widths, .list(.channels), "channels of each stage of a resnet"),
    RecipeKey(
      "blocks", \.blocks, .list(.count(1...1000)), "residual blocks in each stage of a resnet"),
    RecipeKey("layers", \.layers, .list(.vggLayer), "channels of a vgg's convolutions, M to pool"),
    RecipeKey(
      "softplus-beta", \.softplusBeta, .positive, "the standard variant's fixed softplus β"),
  ]

  private static let optimizationKeys = [
    RecipeKey("epochs", \.epochs, .count(from: 1), "passes over the training samples"),
    RecipeKey("batch-size", \.batchSize, .count(from: 1), "samples per step, over all ranks"),
    RecipeKey("learning-rate", \.learningRate, .positive, "step size after warm-up"),
    RecipeKey("momentum", \.momentum, .belowOne, "of SGD"),
    RecipeKey("weight-decay", \.weightDecay, .nonNegative, "on weights and biases, not on β and γ"),
    RecipeKey("schedule", \.schedule, .choice, "how the learning rate falls"),
    RecipeKey(
      "milestones", \.milestones, .list(.fraction),
      "where the step schedule decays, as fractions of the epochs"),
    RecipeKey("decay", \.decay, .fraction, "factor of the learning rate at each milestone"),
    RecipeKey(
      "warmup-epochs", \.warmupEpochs, .nonNegative, "epochs of linear growth of the learning rate"),
    RecipeKey(
      "beta-penalty", \.betaPenalty, .optional(.nonNegative),
      "λ_β of λ_β·Σβ (lcnn: 1e-4, standard: 0)"),
    RecipeKey(
      "gamma-penalty", \.gammaPenalty, .optional(.nonNegative),
      "λ_γ of λ_γ·Σ|log γ| (lcnn: 1e-5, standard: 0)"),
    RecipeKey(
      "gradient-norm-penalty", \.gradientNormPenalty, .nonNegative,
      "λ_g of λ_g·mean‖∇ₓℓ‖², per sample"),
    RecipeKey(
      "cure-penalty", \.curePenalty, .nonNegative,
      "λ_c of λ_c·mean‖∇ₓℓ(x + z) − ∇ₓℓ(x)‖², per sample"),
    RecipeKey("cure-step", \.cureStep, .positive, "‖z‖₂ of the cure penalty"),
    RecipeKey(
      "adversarial-epsilon", \.adversarialEpsilon, .nonNegative,
      "train on adversarial examples at most so far from the images; 0 on the images"),
    RecipeKey(
      "adversarial-step", \.adversarialStep, .positive, "length of a step of the training attack"),
    RecipeKey(
      "adversarial-steps", \.adversarialSteps, .count(from: 1), "steps of the training attack"),
    RecipeKey(
      "adversarial-norm", \.adversarialNorm, .choice, "norm of adversarial-epsilon and -step"),
    RecipeKey(
      "adversarial-attack", \.adversarialAttack, .choice,
      "as one expects it, or the paper's weak one"),
    RecipeKey(
      "precision", \.precision, .choice,
      "factors of convolutions in training; auto: the fastest as exact as fp32; bf16: rounded"),
    RecipeKey(
      "seed", \.seed, .seed, "decides initial weights, sample order, augmentation, attack starts"),
  ]

  private static let executionKeys = [
    RecipeKey(
      "slice-size", \.sliceSize, .count(1...65_536), "samples on which kernels run at once"),
    RecipeKey(
      "batch-norm", \.batchNorm, .choice, "normalise over all ranks' samples, or each rank's own"),
    RecipeKey(
      "reproducible", \.reproducible, .flag, "the same bits on any number of ranks"),
    RecipeKey(
      "on-nonfinite", \.onNonfinite, .choice, "end the run, or leave the step out"),
    RecipeKey(
      "divergence-check-every", \.divergenceCheckEvery, .count(from: 1),
      "steps between comparisons of all ranks' weights"),
    RecipeKey(
      "gradient-sum", \.gradientSum, .choice,
      "when gradients are summed over ranks; auto: the fastest as measured at the start"),
    RecipeKey(
      "bucket-megabytes", \.bucketMegabytes, .optional(.megabytes),
      "MiB of gradients summed over ranks at once, at least; null: as measured"),
    RecipeKey("checkpoint-every", \.checkpointEvery, .count(from: 1), "epochs between checkpoints"),
    RecipeKey("keep-checkpoints", \.keepCheckpoints, .count(from: 1), "checkpoints kept"),
    RecipeKey("evaluate-every", \.evaluateEvery, .count(from: 1), "epochs between evaluations"),
    RecipeKey(
      "curvature-every", \.curvatureEvery, .count(from: 0),
      "epochs between measurements of curvature, 0 for none"),
    RecipeKey(
      "curvature-samples", \.curvatureSamples, .count(from: 1),
      "the first n test samples, whose curvature is measured"),
    RecipeKey("max-steps", \.maxSteps, .optional(.count(from: 1)), "stop after so many steps"),
  ]
}
