import ArgumentParser
import Curvature
import MessagePassing
import Reporting
import Surveys

struct StabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stability",
    abstract: "How far a trained model's input gradient moves under small noise.",
    discussion: """
      ‖∇f(x + e) − ∇f(x)‖/‖∇f(x)‖ for random directions e of given lengths in L2: the mean \
      over the directions, and the worst of them. Pixels are in [0, 1]; x + e is not clipped. \
      The numbers are the same for any number of ranks and any batch size.
      """)

  /// Options of the noise.
  struct Noise: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "lengths of e (default: the paper's, 1e-3,2.5e-3,5e-3,1e-2,2.5e-2,5e-2,1e-1)",
        valueName: "list"))
    var radii: String?

    @Option(help: ArgumentHelp("random directions per sample, at all radii", valueName: "k"))
    var directions = 10

    func validate() throws {
      guard directions > 0 else {
        throw ValidationError("--directions \(directions) must be at least 1")
      }
      _ = try lengths()
    }

    func lengths() throws -> [Double] {
      try radii.map { try NumberList.parse($0, of: "--radii", .positive) }
        ?? GradientStability.paperEpsilons
    }

    var text: String {
      "\(directions) random direction\(directions == 1 ? "" : "s") per sample"
    }
  }

  @OptionGroup(title: "NOISE")
  var noise: Noise

  @OptionGroup var options: MeasurementOptions

  func run() throws {
    try options.ranks.run { try measure(over: $0) }
  }

  private func measure(over world: any Communicator) throws {
    let epsilons = try noise.lengths()
    let measurement = try options.prepare(
      .inputGradients,
      settings: [("--radii", "\(epsilons)"), ("--directions", "\(noise.directions)")], world)
    let model = measurement.model
    let reports = try model.data.map { data in
      try measurement.timed(data) {
        let changes = try StabilitySurvey(
          model.network, data, of: measurement.function, epsilons: epsilons,
          directions: noise.directions, probes: ProbeDirections(seed: model.recipe.seed),
          batch: model.recipe.batchSize,
          communicator: world, observer: measurement.observer
        ).run(keeper: measurement.keeper)
        return StabilityReport(changes, epsilons: epsilons, of: data)
      }
    }
    try measurement.finish(
      reports, settings: .init(directions: noise.directions), heading: "; \(noise.text)")
  }
}
