import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Reporting
import Robustness
import Training

struct BoundCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bound",
    abstract: "What is certain of a trained model: norms, curvature bounds, certified radii.",
    discussion: """
      ‖A‖ of every layer from above, rounding included, and from below; with them bounds of \
      ‖∇f‖ and ‖∇²f‖ over all inputs, and for each sample a radius in L2 within which the \
      predicted class cannot change. The paper's data-free surrogate stands beside them. The \
      numbers are the same for any number of ranks and any batch size.
      """)

  /// Distances of the paper's robust accuracies.
  private static let paperEpsilons = [0.05, 0.1, 0.15, 0.2]
  /// The estimator of what the bounds are compared with.
  private static let estimator = CurvatureEstimator.power(iterations: 20, tolerance: 1e-3)

  @OptionGroup var options: MeasurementOptions

  @Option(
    help: ArgumentHelp(
      "distances of the certified accuracy (default: the paper's, 0.05,0.1,0.15,0.2)",
      valueName: "list"))
  var epsilons: String?

  @Option(
    help: ArgumentHelp(
      "how many samples' curvature is measured beside the bounds; 0 for none", valueName: "n"))
  var measured = 64

  func validate() throws {
    guard measured >= 0 else {
      throw ValidationError("--measured \(measured) must not be negative")
    }
    _ = try distances()
  }

  private func distances() throws -> [Double] {
    guard let epsilons else { return Self.paperEpsilons }
    let found = epsilons.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0).flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
    }
    let distances = found.compactMap { $0 }
    guard distances.count == found.count else {
      throw ValidationError(
        "--epsilons \(epsilons): expected numbers of at least 0, as in 0.05,0.1")
    }
    return distances
  }

  /// No two images are further apart than black and white.
  private func checkRange(_ distances: [Double], of data: Dataset) throws {
    let diagonal = Double(data.pixelsPerImage).squareRoot()
    if let epsilon = distances.first(where: { $0 > diagonal }) {
      throw ValidationError(
        "--epsilons: \(epsilon) is beyond the range of \(data.height)×\(data.width)×"
          + "\(data.channels) images, whose diagonal is \(diagonal)")
    }
  }

  mutating func run() throws {
    let world = try Ranks.join(options.watch)
    Ranks.logger.info("\(Ranks.blas)")
    try Ranks.agreeOnKernels(options.vectorUnits)
    let command = self
    let count = try options.threads.count(in: world)
    try Ranks.onThreads(count, of: world) { try command.certify(over: $0) }
  }

  private func certify(over world: any Communicator) throws {
    func note(_ text: String) {
      if world.rank == 0 { Ranks.logger.info("\(text)") }
    }
    let distances = try distances()
    let subject = try options.prepare(.curvature, world)
    try checkRange(distances, of: subject.data[0])
    let clock = ContinuousClock()
    let start = clock.now
    let bound = try NetworkBound(subject.network, over: world)
    note("norms of all layers: \(seconds(clock.now - start))")
    let first = subject.data[0]
    let samples =
      measured == 0
      ? []
      : try CurvatureSurvey(
        subject.network, first.prefix(min(measured, first.count)), of: options.function,
        estimator: Self.estimator, probes: ProbeDirections(seed: subject.recipe.seed),
        batch: subject.recipe.batchSize, communicator: world
      ).run()
    let network = BoundReport(bound, of: options.function, measured: samples)
    var reports: [CertificationReport] = []
    for data in subject.data {
      let start = clock.now
      let certificates = try CertificationSurvey(
        subject.network, bound: bound, data, batch: subject.recipe.batchSize, communicator: world
      ).run()
      note("\(data.split.rawValue): \(data.count) images in \(seconds(clock.now - start))")
      reports.append(CertificationReport(certificates, epsilons: distances, of: data))
    }
    try Agreement(world).performOnRoot {
      try subject.csv?.write(CertificationReport.csvHeader + reports.map(\.csv).joined())
      try subject.json?.write(
        try MeasurementOptions.Subject.encoded(document(network, reports, subject)))
    }
    guard world.rank == 0 else { return }
    print("f: \(options.function.rawValue)\n\n\(network.text)")
    for report in reports { print("\n\(report.text)") }
  }

  private func seconds(_ duration: Duration) -> String {
    "\((duration / .seconds(1) * 100).rounded() / 100) s"
  }

  /// The file that --json writes.
  private struct Document: Encodable {
    let model: String
    let function: String
    let dataSet: String
    let network: BoundReport
    let splits: [String: CertificationSummary]

    enum CodingKeys: String, CodingKey {
      case model, network, splits
      case function = "of"
      case dataSet = "data-set"
    }
  }

  private func document(
    _ network: BoundReport, _ reports: [CertificationReport],
    _ subject: MeasurementOptions.Subject
  ) -> Document {
    let names = subject.data.map(\.split.rawValue)
    return Document(
      model: options.trained.model, function: options.function.rawValue,
      dataSet: subject.data[0].name, network: network,
      splits: Dictionary(uniqueKeysWithValues: zip(names, reports.map(\.summary))))
  }
}
