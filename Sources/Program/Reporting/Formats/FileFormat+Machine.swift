extension FileFormat {
  static let benchmark = FileFormat(
    "bench --json",
    """
    What was measured, an object for each section. Times are in seconds, sizes in bytes, work in \
    operations. A section that was not measured is missing.
    """,
    [
      Field("placement › machines[] › hosts", .texts, "host names of a machine"),
      Field("placement › machines[] › ranks", .integer, "its ranks"),
      Field("placement › machines[] › cores", .integer, "the cores that they may use"),
      Field("load-before", .number, "load of rank 0's machine before the start"),
      Field("effort", .text, "`standard` or `quick`"),
      Field("refusal", .text, "why nothing is predicted", optional: true),
    ]
      + [
        ("machine", "peaks of a core"), ("kernels", "kernels of each layer"),
        ("step", "a training step, by pass, by layer and by part"),
        ("arms", "step time of each arm over that of the standard arm"),
        ("allreduce", "allreduces of several sizes"),
        ("overlap", "communication that is hidden behind computing"),
        ("scaling", "ranks of one job beside independent jobs"),
        ("reproducible", "cost of reproducible sums"),
        ("diagnosis", "cost of the ledger and the watchdog"),
        ("observation", "cost of metrics, display and trace"),
        ("model", "measured and predicted step times"),
      ].map { Field($0, .object, $1, optional: true) })

  static let examination = FileFormat(
    "doctor --json", "The answers, on standard output.",
    [
      Field("checks[] › id", .text, "name of the check"),
      Field("checks[] › verdict", .text, "`ok`, `warning`, `failure` or `skipped`"),
      Field("checks[] › text", .text, "the answer"),
      Field("checks[] › remedy", .text, "command or setting that helps", optional: true),
    ])
}
