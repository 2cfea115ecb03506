extension FileFormat {
  /// The CSV files of `--csv`, with the columns that the reports write.
  static let tables: [FileFormat] = [
    table("curvature --csv", CurvatureReport.csvHeader),
    table("stability --csv", StabilityReport.csvHeader),
    table("attack --csv", AttackReport.csvHeader),
    table("bound --csv", CertificationReport.csvHeader),
    table("landscape --csv", LandscapeReport.csvHeader),
  ]

  private static func table(_ title: String, _ header: String) -> FileFormat {
    let columns = header.dropLast().split(separator: ",").map(String.init)
    return FileFormat(
      title, "A line for each sample, and for each radius or ε where there is one.",
      columns.map { column in
        columnFields[column] ?? Field(column, .number, "undocumented")
      })
  }

  /// The meanings of columns; a test finds one that is missing.
  static let columnFields: [String: Field] = Dictionary(
    uniqueKeysWithValues: [
      Field("split", .text, "`train` or `test`"),
      Field("index", .integer, "index of the sample in its split"),
      Field("label", .integer, "its class"), Field("prediction", .integer, "the network's answer"),
      Field("gradient-norm", .number, "‖∇f‖", optional: true),
      Field("hessian-norm", .number, "‖∇²f‖"), Field("curvature", .number, "C_f"),
      Field("residual", .number, "residual of the iteration"),
      Field("eigenvalue", .number, "eigenvalue of ∇²f of largest modulus"),
      Field("products", .integer, "Hessian-vector products"),
      Field("smallest-eigenvalue", .number, "of ∇²f, by Lanczos", optional: true),
      Field("largest-eigenvalue", .number, "of ∇²f, by Lanczos", optional: true),
      Field("radius", .number, "‖e‖ of the noise, or the certified radius, in L2"),
      Field("mean-change", .number, "mean relative change of ∇f", optional: true),
      Field("worst-change", .number, "largest relative change of ∇f", optional: true),
      Field("worst-direction", .integer, "index of its direction", optional: true),
      Field("along-gradient", .number, "distance along ∇f, in L2"),
      Field("along-random", .number, "distance along the random direction, in L2"),
      Field("value", .number, "f at the point"),
      Field("clean-margin", .number, "margin without an attack"),
      Field("clean-loss", .number, "loss without an attack"),
      Field("epsilon", .number, "ε"), Field("broken", .integer, "1 if the answer is wrong, else 0"),
      Field("attack", .text, "the attack that found the example, or `none`"),
      Field("found-for", .number, "ε at which it was found", optional: true),
      Field("adversarial-prediction", .integer, "answer at the point found"),
      Field("margin", .number, "margin, of an attack at the point found"),
      Field("loss", .number, "loss at the point found"),
      Field("distance", .number, "distance of that point"),
      Field("passes", .integer, "forward and backward passes at this ε"),
      Field("first-order-radius", .number, "radius by the Lipschitz constant alone"),
      Field("rival", .integer, "the class that limits the radius", optional: true),
    ].map { ($0.path, $0) })
}
