import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Reporting
import Training

struct CurvatureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curvature",
    abstract: "Input gradient, Hessian norm and curvature of a trained model, sample by sample.",
    discussion: """
      C_f = ‖∇²f‖/(‖∇f‖ + 1e-6), spectral norm of the input Hessian over the norm of the \
      input gradient. The numbers are the same for any number of ranks and any batch size.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable { case power, lanczos }
  enum Estimator: String, ExpressibleByArgument, CaseIterable { case relative, reference }

  private static let defaultIterations = 10
  private static let defaultTolerance = 1e-3

  @OptionGroup var options: MeasurementOptions

  @Option(
    help: ArgumentHelp(
      "power iteration, or Lanczos iteration, which finds signed extremes too (default: power)"))
  var method: Method?

  @Option(
    help: ArgumentHelp("at most so many Hessian-vector products (default: 10)", valueName: "n"))
  var iterations: Int?

  @Option(
    help: ArgumentHelp(
      """
      a sample has converged when ‖Hv‖ grows by no more than so much of itself, or Lanczos's \
      residuals are no more than so much of ‖H‖ (default: 0.001)
      """, valueName: "t"))
  var tolerance: Double?

  @Option(
    help: ArgumentHelp(
      """
      relative: as --method says; reference: the paper's code, ten iterations with an absolute \
      guard, no test
      """))
  var estimator: Estimator = .relative

  func validate() throws {
    if let iterations, iterations < 1 {
      throw ValidationError("--iterations \(iterations) must be at least 1")
    }
    if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
      throw ValidationError("--tolerance \(tolerance) must be a number of at least 0")
    }
    if estimator == .reference, method != nil || iterations != nil || tolerance != nil {
      throw ValidationError(
        "--estimator reference leaves no choice of --method, --iterations and --tolerance")
    }
  }

  mutating func run() throws {
    let world = try Ranks.join(options.watch)
    Ranks.logger.info("\(Ranks.blas)")
    try Ranks.agreeOnKernels(options.vectorUnits)
    let command = self
    let count = try options.threads.count(in: world)
    try Ranks.onThreads(count, of: world) { try command.measure(over: $0) }
  }

  private func measure(over world: any Communicator) throws {
    let subject = try options.prepare(.curvature, world)
    var reports: [CurvatureReport] = []
    for data in subject.data {
      let clock = ContinuousClock()
      let start = clock.now
      let samples = try CurvatureSurvey(
        subject.network, data, of: options.function, estimator: resolvedEstimator,
        probes: ProbeDirections(seed: subject.recipe.seed), batch: subject.recipe.batchSize,
        communicator: world
      ).run()
      let rate = Double(samples.count) / ((clock.now - start) / .seconds(1))
      if world.rank == 0 {
        Ranks.logger.info("\(data.split.rawValue): \(Int(rate.rounded())) images/s")
      }
      reports.append(CurvatureReport(samples, of: data))
    }
    try Agreement(world).performOnRoot {
      try subject.csv?.write(CurvatureReport.csvHeader + reports.map(\.csv).joined())
      try subject.json?.write(try MeasurementOptions.Subject.encoded(document(reports, subject)))
    }
    guard world.rank == 0 else { return }
    print("f: \(options.function.rawValue); \(methodText)")
    for report in reports { print("\n\(report.text)") }
  }

  private var resolvedEstimator: CurvatureEstimator {
    let iterations = iterations ?? Self.defaultIterations
    let tolerance = tolerance ?? Self.defaultTolerance
    switch (estimator, method ?? .power) {
    case (.reference, _): return .reference
    case (.relative, .power): return .power(iterations: iterations, tolerance: tolerance)
    case (.relative, .lanczos): return .lanczos(iterations: iterations, tolerance: tolerance)
    }
  }

  private var methodText: String {
    switch resolvedEstimator {
    case .power(let iterations, let tolerance):
      "power iteration, at most \(iterations) products, tolerance \(tolerance)"
    case .lanczos(let iterations, let tolerance):
      "Lanczos iteration, at most \(iterations) products, tolerance \(tolerance)"
    case .reference: "the reference's estimator, \(ReferenceEstimator.iterations) iterations"
    }
  }

  /// The file that --json writes.
  private struct Document: Encodable {
    let model: String
    let function: String
    let method: String
    let dataSet: String
    let seed: UInt64
    let splits: [String: CurvatureSummary]

    enum CodingKeys: String, CodingKey {
      case model, method, seed, splits
      case function = "of"
      case dataSet = "data-set"
    }
  }

  private func document(
    _ reports: [CurvatureReport], _ subject: MeasurementOptions.Subject
  ) -> Document {
    let names = subject.data.map(\.split.rawValue)
    return Document(
      model: options.trained.model, function: options.function.rawValue, method: methodText,
      dataSet: subject.data[0].name, seed: subject.recipe.seed,
      splits: Dictionary(uniqueKeysWithValues: zip(names, reports.map(\.summary))))
  }
}
