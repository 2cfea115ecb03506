import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Reporting
import Robustness
import Surveys

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

  /// What is asked of the bounds.
  struct Certificates: ParsableArguments {
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

    func distances() throws -> [Double] {
      try epsilons.map { try NumberList.parse($0, of: "--epsilons", .notNegative) }
        ?? BoundCommand.paperEpsilons
    }
  }

  @OptionGroup(title: "CERTIFICATES")
  var certificates: Certificates

  @OptionGroup var options: MeasurementOptions

  /// No two images are further apart than black and white.
  private func checkRange(_ distances: [Double], of data: Dataset) throws {
    let diagonal = Double(data.pixelsPerImage).squareRoot()
    if let epsilon = distances.first(where: { $0 > diagonal }) {
      throw ValidationError(
        "--epsilons: \(epsilon) is beyond the range of \(data.height)×\(data.width)×"
          + "\(data.channels) images, whose diagonal is \(diagonal)")
    }
  }

  func run() throws {
    try options.ranks.run { try certify(over: $0) }
  }

  private func certify(over world: any Communicator) throws {
    let distances = try certificates.distances()
    let subject = try options.prepare(.curvature, world)
    try checkRange(distances, of: subject.data[0])
    let clock = ContinuousClock()
    let start = clock.now
    let bound = try NetworkBound(subject.network, over: world)
    if world.rank == 0 {
      let seconds = ((clock.now - start) / .seconds(1) * 100).rounded() / 100
      Ranks.logger.info("norms of all layers: \(seconds) s")
    }
    let network = BoundReport(
      bound, of: subject.function, measured: try measuredCurvature(of: subject))
    let reports = try subject.data.map { data in
      try subject.timed(data) {
        let certificates = try CertificationSurvey(
          subject.network, bound: bound, data, batch: subject.recipe.batchSize, communicator: world
        ).run()
        return CertificationReport(certificates, epsilons: distances, of: data)
      }
    }
    try subject.finish(
      reports, settings: Settings(network: network), heading: "\n\n\(network.text)")
  }

  /// What the bounds are compared with, of the first samples.
  private func measuredCurvature(
    of subject: MeasurementSubject
  ) throws -> [NormalizedCurvature.Sample] {
    guard certificates.measured > 0 else { return [] }
    let data = subject.data[0]
    return try CurvatureSurvey(
      subject.network, data.prefix(min(certificates.measured, data.count)), of: subject.function,
      estimator: Self.estimator, probes: ProbeDirections(seed: subject.recipe.seed),
      batch: subject.recipe.batchSize, communicator: subject.communicator
    ).run()
  }

  private struct Settings: Encodable { let network: BoundReport }
}
