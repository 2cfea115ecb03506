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
    abstract: "Certified layer norms, curvature bounds and robustness radii of a trained model.",
    discussion: """
      Bounds ‖A‖ of every layer from above, including rounding, and from below. From them follow \
      bounds of ‖∇f‖ and ‖∇²f‖ over all inputs, and for each sample a radius in L2 within which \
      the predicted class cannot change. The paper's data-free surrogate is printed beside them. \
      The numbers do not depend on the number of ranks or the batch size.
      """)

  /// Radii ε of the paper's robust accuracies.
  private static let paperEpsilons = [0.05, 0.1, 0.15, 0.2]

  /// Radii of the certified accuracy, and the comparison with measured curvature.
  struct Certificates: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "radii ε of the certified accuracy (default: the paper's, 0.05,0.1,0.15,0.2)",
        valueName: "list"))
    var epsilons: String?

    @Option(
      help: ArgumentHelp(
        "number of samples whose curvature is compared with the bounds", valueName: "n"))
    var measured = 64

    func validate() throws {
      guard measured >= 0 else {
        throw ValidationError("--measured \(measured) must not be negative")
      }
      _ = try radii()
    }

    func radii() throws -> [Double] {
      try epsilons.map { try NumberList.parse($0, of: "--epsilons", .notNegative) }
        ?? BoundCommand.paperEpsilons
    }
  }

  @OptionGroup(title: "CERTIFICATES")
  var certificates: Certificates

  @OptionGroup var options: MeasurementOptions

  /// Checks that no ε exceeds the distance between a black and a white image, the largest there is.
  private func checkRange(_ epsilons: [Double], of data: Dataset) throws {
    let diagonal = Double(data.pixelsPerImage).squareRoot()
    if let epsilon = epsilons.first(where: { $0 > diagonal }) {
      throw ValidationError(
        "--epsilons: \(epsilon) is beyond the range of \(data.height)×\(data.width)×"
          + "\(data.channels) images, whose diagonal is \(diagonal)")
    }
  }

  func run() throws {
    try options.ranks.run { try certify(over: $0) }
  }

  private func certify(over world: any Communicator) throws {
    let epsilons = try certificates.radii()
    let measurement = try options.prepare(
      .curvature,
      settings: [
        ("--epsilons", "\(epsilons)"), ("--measured", "\(certificates.measured)"),
      ], world)
    let model = measurement.model
    try checkRange(epsilons, of: model.data[0])
    let clock = ContinuousClock()
    let start = clock.now
    let bound = try NetworkBound(
      model.network, over: world, keeper: measurement.keeper, observer: measurement.observer)
    measurement.display?.end()
    if world.rank == 0 {
      let seconds = ((clock.now - start) / .seconds(1) * 100).rounded() / 100
      Ranks.logger.info("norms of all layers: \(seconds) s")
    }
    let network = BoundReport(
      bound, of: measurement.function, measured: try measuredCurvature(measurement))
    let reports = try model.data.map { data in
      try measurement.timed(data) {
        let certificates = try CertificationSurvey(
          model.network, bound: bound, data, batch: model.recipe.batchSize, communicator: world,
          observer: measurement.observer
        ).run(keeper: measurement.keeper)
        return CertificationReport(certificates, epsilons: epsilons, of: data)
      }
    }
    try measurement.finish(
      reports, settings: .init(network: network), heading: "\n\n\(network.text)")
  }

  /// Measures the curvature of the first samples, for comparison with the bounds.
  private func measuredCurvature(
    _ measurement: Measurement
  ) throws -> [NormalizedCurvature.Sample] {
    guard certificates.measured > 0 else { return [] }
    let model = measurement.model
    let data = model.data[0]
    return try CurvatureSurvey(
      model.network, data.prefix(min(certificates.measured, data.count)),
      of: measurement.function, estimator: .standard,
      probes: ProbeDirections(seed: model.recipe.seed), batch: model.recipe.batchSize,
      communicator: measurement.communicator, observer: measurement.observer
    ).run(keeper: measurement.keeper)
  }
}
