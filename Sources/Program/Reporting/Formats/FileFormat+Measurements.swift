extension FileFormat {
  private static let origin = [
    Field("model-sha256", .text, "SHA-256 of the model's file", optional: true),
    Field("model-step", .integer, "steps that trained it, in a checkpoint", optional: true),
  ]

  private static let measured =
    origin + [
      Field("model", .text, "the model, as given on the command line"),
      Field("data-set", .text, "name of the data set"), Field("of", .text, "f: `loss` or `margin`"),
      Field("seed", .integer, "seed of the recipe"),
    ]

  static let evaluation = FileFormat(
    "evaluate --json", "Loss and accuracy of one split.",
    origin + [
      Field("model", .text, "the model, as given on the command line"),
      Field("file", .text, "the file that was read: of a run, that of its newest checkpoint"),
      Field("data-set", .text, "name of the data set"), Field("split", .text, "`train` or `test`"),
      Field("samples", .integer, "number of samples"),
      Field("correct", .integer, "right predictions"),
      Field("loss", .number, "mean cross-entropy, in nats"),
      Field("accuracy", .number, "share of right predictions, 0 to 1"),
    ])

  static let curvature = FileFormat(
    "curvature --json", "SPLIT is `train` or `test`.",
    measured + [
      Field("method", .text, "the estimator of ‖∇²f‖"),
      Field("splits › SPLIT › samples", .integer, "number of samples"),
      Field("splits › SPLIT › accuracy", .number, "share of right predictions"),
      Field("splits › SPLIT › gradient-norm", .statistics, "‖∇f‖"),
      Field("splits › SPLIT › hessian-norm", .statistics, "‖∇²f‖"),
      Field("splits › SPLIT › curvature", .statistics, "C_f"),
      Field(
        "splits › SPLIT › smallest-eigenvalue", .statistics, "of ∇²f, by Lanczos", optional: true),
      Field(
        "splits › SPLIT › largest-eigenvalue", .statistics, "of ∇²f, by Lanczos", optional: true),
      Field("splits › SPLIT › residual", .statistics, "residual of the iteration"),
      Field("splits › SPLIT › products", .statistics, "Hessian-vector products per sample"),
      Field(
        "splits › SPLIT › not-converged", .integer, "samples that have not converged",
        optional: true),
      Field("splits › SPLIT › classes[] › label", .integer, "class"),
      Field("splits › SPLIT › classes[] › samples", .integer, "its samples"),
      Field("splits › SPLIT › classes[] › gradient-norm", .number, "mean ‖∇f‖"),
      Field("splits › SPLIT › classes[] › hessian-norm", .number, "mean ‖∇²f‖"),
      Field("splits › SPLIT › classes[] › curvature", .number, "mean C_f"),
      Field("splits › SPLIT › histogram › zeros", .integer, "samples with C_f = 0"),
      Field("splits › SPLIT › histogram › bins[] › lower", .number, "edges of C_f"),
      Field("splits › SPLIT › histogram › bins[] › upper", .number, "edges of C_f"),
      Field("splits › SPLIT › histogram › bins[] › count", .integer, "samples in the bin"),
    ])

  static let stability = FileFormat(
    "stability --json", "Changes of the gradient are relative: ‖∇f(x+e) − ∇f(x)‖ / ‖∇f(x)‖.",
    measured + [
      Field("directions", .integer, "random directions per sample"),
      Field("splits › SPLIT › samples", .integer, "number of samples"),
      Field(
        "splits › SPLIT › without-gradient", .integer,
        "samples with a gradient of zero, which are left out"),
      Field("splits › SPLIT › radii[] › radius", .number, "‖e‖ in L2"),
      Field(
        "splits › SPLIT › radii[] › mean", .statistics, "mean change over the directions",
        optional: true),
      Field(
        "splits › SPLIT › radii[] › worst", .statistics, "largest change over the directions",
        optional: true),
    ])

  static let attack = FileFormat(
    "attack --json", "Robust accuracy at each ε.",
    origin + [
      Field("model", .text, "the model, as given on the command line"),
      Field("data-set", .text, "name of the data set"), Field("split", .text, "`train` or `test`"),
      Field("norm", .text, "`l2` or `linf`"),
      Field("attacks", .texts, "the attacks in their order"),
      Field("effort › steps", .integer, "steps of PGD"),
      Field("effort › restarts", .integer, "random starts of PGD"),
      Field("effort › iterations", .integer, "iterations of Auto-PGD"),
      Field("effort › targets", .integer, "target classes of Auto-PGD"),
      Field("effort › queries", .integer, "queries of Square"),
      Field("seed", .integer, "seed of the recipe"),
      Field("results › accuracy", .proportion, "right without an attack"),
      Field("results › epsilons[] › epsilon", .number, "ε, for pixels in [0, 1]"),
      Field("results › epsilons[] › robust", .proportion, "right under every attack"),
      Field("results › epsilons[] › attacked", .integer, "samples that were attacked at this ε"),
      Field(
        "results › epsilons[] › broken › ATTACK", .integer, "samples that it was first to break"),
      Field(
        "results › epsilons[] › mean-distance", .number, "of the examples found here",
        optional: true),
      Field("results › epsilons[] › signs › zero-gradient", .integer, "signs of masked gradients"),
      Field("results › epsilons[] › signs › no-growth", .integer, "signs of masked gradients"),
      Field(
        "results › epsilons[] › signs › square-only", .integer, "signs of masked gradients",
        optional: true),
      Field("results › epsilons[] › signs › flat", .boolean, "no sample fell to the larger ε"),
    ])

  static let bound = FileFormat(
    "bound --json", "Certified norms, bounds and radii; a number that has overflowed is null.",
    measured + [
      Field("network › layers[] › name", .text, "layer"),
      Field("network › layers[] › kind", .text, "its map"),
      Field("network › layers[] › certified-norm", .number, "‖A‖ from above", optional: true),
      Field("network › layers[] › zero-padded-norm", .number, "‖A‖ from below", optional: true),
      Field("network › layers[] › gap", .number, "their relative difference", optional: true),
      Field("network › layers[] › largest-row", .number, "largest norm of a row", optional: true),
      Field("network › layers[] › beta", .number, "β", optional: true),
      Field("network › layers[] › gamma", .number, "γ", optional: true),
      Field("network › layers[] › lipschitz", .number, "L up to the layer", optional: true),
      Field(
        "network › layers[] › jacobian-lipschitz", .number, "L of the Jacobian up to the layer",
        optional: true),
      Field(
        "network › layers[] › surrogate-term", .number, "term of the surrogate bound",
        optional: true),
    ]
      + [("gradient", "‖∇f‖"), ("hessian", "‖∇²f‖"), ("surrogate", "C_f, by the surrogate")]
      .flatMap { name, symbol in
        [
          Field("network › \(name) › bound", .number, "bound of \(symbol)", optional: true),
          Field("network › \(name) › measured", .number, "largest measured", optional: true),
          Field("network › \(name) › ratio", .number, "bound / measured", optional: true),
        ]
      } + [
        Field("network › measured-samples", .integer, "samples that were measured"),
        Field("splits › SPLIT › samples", .integer, "number of samples"),
        Field("splits › SPLIT › accuracy", .number, "share of right predictions"),
        Field("splits › SPLIT › certified[] › epsilon", .number, "ε in L2"),
        Field("splits › SPLIT › certified[] › certified", .integer, "certified samples"),
        Field("splits › SPLIT › certified[] › accuracy", .number, "their share of all samples"),
        Field("splits › SPLIT › radius", .statistics, "radii of right predictions", optional: true),
        Field(
          "splits › SPLIT › first-order-radius", .statistics,
          "radii by the Lipschitz constant alone",
          optional: true),
      ])

  static let landscape = FileFormat(
    "landscape --json",
    "PNG files are in Base64. In those of gradients and perturbations gray is zero.",
    measured + [
      Field("radius", .number, "largest distance along each direction, in L2"),
      Field("points", .integer, "points along each direction"),
      Field("norm", .text, "of the attack: `l2` or `linf`"),
      Field("epsilon", .number, "ε of the attack"),
      Field("steps", .integer, "steps of the attack"),
      Field("splits › SPLIT › samples", .integer, "number of samples"),
      Field(
        "splits › SPLIT › linearization-error", .statistics,
        "max |f(x+e) − f(x) − ∇f·e| over the plane"),
    ]
      + [
        ("index", .integer, "index of the sample in its split"), ("label", .integer, "its class"),
        ("prediction", .integer, "the network's answer"),
        ("adversarial-prediction", .integer, "its answer after the attack"),
        ("value", .number, "f"), ("gradient-norm", .number, "‖∇f‖"),
        ("linearization-error", .number, "that of the sample"),
        ("distance", .number, "length of the perturbation, in the norm"),
        ("values", .numbers, "f on the plane, along the gradient innermost"),
        ("largest-gradient", .number, "the modulus that is black or white"),
        ("largest-perturbation", .number, "the modulus that is black or white"),
        ("image", .text, "PNG"), ("gradient", .text, "PNG of ∇f"),
        ("perturbation", .text, "PNG of the change by the attack"),
      ].map { Field("splits › SPLIT › images[] › \($0)", $1, $2) })

  public static let statistics = FileFormat(
    "Statistics", "An object with these members. Quantiles interpolate linearly.",
    [
      Field("count", .integer, "number of values"), Field("mean", .number, "mean"),
      Field("standard-deviation", .number, "with divisor n − 1", optional: true),
      Field("standard-error", .number, "standard-deviation / √n", optional: true),
      Field("median", .number, "median"), Field("p5", .number, "5 % quantile"),
      Field("p95", .number, "95 % quantile"), Field("p99", .number, "99 % quantile"),
      Field("maximum", .number, "largest value"),
    ])

  public static let proportion = FileFormat(
    "Proportions", "An object with these members; the interval is Wilson's at 95 %.",
    [
      Field("hits", .integer, "samples with the property"),
      Field("count", .integer, "number of samples"), Field("share", .number, "hits / count"),
      Field("lower", .number, "lower end of the interval"),
      Field("upper", .number, "upper end of the interval"),
    ])
}
