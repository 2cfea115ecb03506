import Training

extension FileFormat {
  private static let position = [
    Field("schema", .integer, "version of the format: \(MetricsFile.schema)"),
    Field("step", .integer, "steps since the start of the run"),
    Field("epoch", .integer, "the epoch, counted from 1"),
  ]

  private static let nonfinite = Field(
    "nonfinite", .texts,
    "names of the members that are null because their value is infinite or no number",
    optional: true)

  static let step = FileFormat(
    "metrics.jsonl, a step", "One line after each step, over all ranks.",
    position + [
      Field("samples", .integer, "samples of the batch"),
      Field("applied", .integer, "1; 0 where the step was left out"),
      Field("train/loss", .number, "mean cross-entropy of the batch, in nats", optional: true),
      Field("train/accuracy", .number, "share of right predictions, 0 to 1"),
      Field("train/learning-rate", .number, "the step's learning rate"),
      Field(
        "train/gradient-norm-square", .number, "mean ‖∇ₓℓ‖², with a penalty on it", optional: true),
      Field(
        "train/gradient-change-square", .number, "mean ‖∇ₓℓ(x+z) − ∇ₓℓ(x)‖², with CURE",
        optional: true), nonfinite,
    ])

  static let epoch = FileFormat(
    "metrics.jsonl, an epoch", "One line after each epoch. `epoch/train-loss` marks it.",
    position + [
      Field("epoch/train-loss", .number, "mean cross-entropy over the epoch", optional: true),
      Field("epoch/train-accuracy", .number, "share of right predictions over the epoch"),
      Field("test/loss", .number, "mean cross-entropy of the test samples", optional: true),
      Field("test/accuracy", .number, "share of right predictions, 0 to 1", optional: true),
      Field("beta/min", .number, "smallest β of the layers", optional: true),
      Field("beta/max", .number, "largest β", optional: true),
      Field("gamma/min", .number, "smallest γ of the layers", optional: true),
      Field("gamma/max", .number, "largest γ", optional: true),
      Field(
        "surrogate-bound", .number, "the paper's bound of C_f, which needs no data", optional: true),
      nonfinite,
    ])

  static let measurement = FileFormat(
    "metrics.jsonl, a measurement of curvature",
    "One line after each measurement, with `curvature-every`. `curvature/samples` marks it.",
    position + [Field("curvature/samples", .integer, "test samples that were measured")]
      + [
        ("gradient-norm", "‖∇ℓ‖"), ("hessian-norm", "‖∇²ℓ‖"), ("normalized", "C_f"),
      ].flatMap { name, symbol in
        [("mean", "mean"), ("median", "median"), ("max", "largest")].map {
          Field("curvature/\(name)/\($0)", .number, "\($1) \(symbol)", optional: true)
        }
      } + [
        Field("curvature/bound/surrogate", .number, "the surrogate bound", optional: true),
        Field("curvature/bound/gradient-norm", .number, "certified bound of ‖∇ℓ‖", optional: true),
        Field("curvature/bound/hessian-norm", .number, "certified bound of ‖∇²ℓ‖", optional: true),
        Field("norm/LAYER/zero-padded", .number, "norm of the layer from below", optional: true),
        Field("norm/LAYER/certified", .number, "norm of the layer from above", optional: true),
        Field("gamma/LAYER", .number, "γ of the layer", optional: true),
        Field("beta/LAYER", .number, "β of the layer", optional: true), nonfinite,
      ])

  static let metricsTable = FileFormat(
    "metrics.csv",
    """
    A row for each line of `metrics.jsonl`, with `metrics-table`. The columns are the members of \
    the lines, without `schema` and `nonfinite`. A cell is empty where a line has no such member, \
    and `nan` where its value is not finite; a row may end before the last columns.
    """,
    metricsTableFields, repeatsOthers: true)

  private static var metricsTableFields: [Field] {
    var names: Set = ["schema", "nonfinite"]
    return [step, epoch, measurement].flatMap(\.fields).filter { names.insert($0.path).inserted }
      .map {
        Field($0.path, $0.kind, $0.meaning, optional: !position.map(\.path).contains($0.path))
      }
  }

  static let timings = FileFormat(
    "timings.jsonl",
    "One line after each epoch. Times are rank 0's, in seconds per step; p50 is the median, p95 the "
      + "time that 95 % of the steps do not exceed.",
    [
      Field("epoch", .integer, "the epoch, counted from 1"),
      Field("seconds", .number, "duration of the epoch's steps"),
      Field("images-per-second", .number, "over all ranks"),
      Field("steps", .integer, "steps since the start, or since the epoch before"),
      Field("data-wait-seconds", .number, "sum of the waits for data"),
    ]
      + [
        ("step", "a whole step"), ("compute", "the step without collectives"),
        ("gradients", "within gradient collectives"),
        ("batch-norm", "within batch-norm collectives"), ("data-wait", "waiting for data"),
      ].flatMap { name, meaning in
        [Field("\(name)-p50", .number, meaning), Field("\(name)-p95", .number, meaning)]
      } + [
        Field("ranks[] › host", .text, "host of each rank, in rank order"),
        Field("ranks[] › own-p50", .number, "the rank's step without waiting for others"),
        Field("ranks[] › own-p95", .number, "the rank's step without waiting for others"),
      ])

  static let environment = FileFormat(
    "environment.jsonl", "One line for each start of the run.",
    [
      Field("versions › program", .text, "version of lcnn-dist, and the commit of its sources"),
      Field("versions › messagePassing", .text, "the MPI library"),
      Field("versions › blas", .text, "OpenBLAS's kernels"),
      Field("command", .texts, "words of the command line", optional: true),
      Field("time", .text, "time of the start, ISO 8601", optional: true),
      Field("recipe › NAME", .value, "what was trained after `step`", optional: true),
      Field("initial › path", .text, "model file of the initial weights", optional: true),
      Field("initial › sha256", .text, "SHA-256 of its tensors", optional: true),
      Field("vectorUnits", .text, "vector units of the kernels", optional: true),
      Field("precision", .text, "precision of convolutions", optional: true),
      Field("hosts", .texts, "host of each process"),
      Field("threads", .integers, "threads of each process"),
      Field("trainData", .text, "SHA-256 of the training samples"),
      Field("testData", .text, "SHA-256 of the test samples"),
      Field("step", .integer, "steps that were trained before this start"),
    ])

  static let communication = FileFormat(
    "communication.json", "A list with an element for each number of ranks and threads.",
    [
      Field("[] › ranks", .integer, "number of ranks"),
      Field("[] › threads", .integers, "threads of each process"),
      Field("[] › chosen › gradient-sum", .text, "`blocking` or `nonblocking`"),
      Field("[] › chosen › bucket-megabytes", .number, "size of a gradient bucket, MiB"),
      Field("[] › measured[] › plan › gradient-sum", .text, "a candidate"),
      Field("[] › measured[] › plan › bucket-megabytes", .number, "a candidate, MiB"),
      Field("[] › measured[] › seconds", .number, "time of its step"),
    ])

  static let state = FileFormat(
    "checkpoints/step-…/state.json", "The position of the run at the checkpoint.",
    [
      Field("formatVersion", .integer, "version of the format"),
      Field("step", .integer, "steps since the start of the run"),
      Field("epoch", .integer, "whole epochs"),
      Field("stepInEpoch", .integer, "steps of the epoch that has begun"),
      Field("epochSums › samples", .integer, "samples of that epoch so far"),
      Field("epochSums › correct", .integer, "right predictions among them"),
      Field("epochSums › loss", .number, "sum of their losses"),
      Field("seed", .integer, "seed of the run"),
      Field("rankCount", .integer, "ranks that wrote it"),
      Field(
        "curvature › NAME", .number, "the newest measurement, as in metrics.jsonl", optional: true),
      Field("testAccuracy", .number, "share of right test predictions, 0 to 1", optional: true),
    ])

  static let trace = FileFormat(
    "trace.json",
    """
    The spans of all ranks' first steps, with `train --trace`, in Chrome's Trace Event Format: an \
    event of kind `X` is a span, one of kind `M` the name of a rank.
    """,
    [
      Field("displayTimeUnit", .text, "unit in which a viewer shows times"),
      Field("traceEvents[] › name", .text, "step, phase, layer and sweep, or collective"),
      Field("traceEvents[] › ph", .text, "`X` or `M`"),
      Field("traceEvents[] › pid", .integer, "rank"),
      Field("traceEvents[] › tid", .integer, "0", optional: true),
      Field(
        "traceEvents[] › cat", .text,
        "`step`, `phase`, `layer`, `batchNorm`, `gradients`, `data` or `checkpoint`", optional: true
      ),
      Field("traceEvents[] › ts", .number, "start of the span, in µs", optional: true),
      Field("traceEvents[] › dur", .number, "its length, in µs", optional: true),
      Field("traceEvents[] › args › name", .text, "rank and host, of kind `M`", optional: true),
      Field("traceEvents[] › args › step", .integer, "the step, from 1", optional: true),
      Field("traceEvents[] › args › bytes", .integer, "bytes of a collective", optional: true),
      Field(
        "traceEvents[] › args › last to come", .integer, "the rank that the others waited for",
        optional: true),
    ])

  static let dump = FileFormat(
    "dump/step-…/rank-…/step.json",
    """
    A rank's part of a step, with `train --dump-batch`. Beside it lie the model and the momentum \
    buffers before the step, the images, and in `collectives.bin` the results of the rank's \
    collectives, each after its number of bytes as eight bytes, the lowest first.
    """,
    [
      Field("rank", .integer, "the rank"), Field("ranks", .integer, "number of ranks"),
      Field("step", .integer, "the step, from 1"),
      Field("epoch", .integer, "whole epochs before it"),
      Field("stepInEpoch", .integer, "steps of the epoch before it"),
      Field("learningRate", .number, "the step's learning rate"),
      Field("labels", .integers, "classes of the rank's samples"),
      Field("sampleIndices", .integers, "indices of the samples in the training split"),
      Field("globalCount", .integer, "samples of the batch over all ranks"),
      Field("globalOffset", .integer, "samples of the batch on lower ranks"),
      Field("maximumSamples", .integer, "samples that the network is planned for"),
      Field("plan › gradient-sum", .text, "`blocking` or `nonblocking`"),
      Field("plan › bucket-megabytes", .number, "size of a gradient bucket, MiB"),
      Field("vectorUnits", .text, "vector units of the kernels"),
      Field("loss", .value, "mean cross-entropy of the batch; `nan` or `inf` as text"),
      Field("isApplied", .boolean, "whether the weights were changed"),
      Field("sha256", .text, "SHA-256 of the model's tensors after the step"),
    ])
}
