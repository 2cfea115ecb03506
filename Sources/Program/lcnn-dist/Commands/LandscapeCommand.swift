import ArgumentParser
import Curvature
import EventFiles
import MessagePassing
import Reporting
import Robustness
import Surveys

struct LandscapeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "landscape",
    abstract: "A trained model around a few images: loss on a plane, gradient and perturbation.",
    discussion: """
      f at x + a·∇f/‖∇f‖ + b·u, with a random unit vector u orthogonal to the input gradient ∇f. \
      The linearization error is the largest |f(x + e) − f(x) − ∇f·e| on that plane: 0 for a \
      linear f. Pixels of x + e are not clipped. The perturbation is that of projected gradient \
      descent from the image. The numbers are the same for any number of ranks and any batch size.
      """)

  private static let usualSamples = 6

  /// Options of the plane and the perturbation.
  struct Surroundings: ParsableArguments {
    @Option(help: ArgumentHelp("largest a and b, in L2", valueName: "r"))
    var radius = 0.5

    @Option(help: ArgumentHelp("points along each direction, an odd number", valueName: "n"))
    var points = 17

    @Option(help: "norm of the ball in which the perturbation is sought")
    var norm: ThreatModel.Norm = .l2

    @Option(
      help: ArgumentHelp(
        "radius ε of the ball, a number or a fraction (default: 0.2 for l2, 8/255 for linf)",
        valueName: "ε"))
    var epsilon: String?

    @Option(help: ArgumentHelp("steps of projected gradient descent", valueName: "n"))
    var steps = 20

    func validate() throws {
      guard radius > 0, Float(radius).isNormal else {
        throw ValidationError("--radius \(radius) must be a number above 0")
      }
      guard points >= 3, points <= 201, points % 2 == 1 else {
        throw ValidationError("--points \(points) must be an odd number from 3 to 201")
      }
      guard steps > 0 else { throw ValidationError("--steps \(steps) must be at least 1") }
      _ = try settings()
    }

    func settings() throws -> LandscapeSurvey.Settings {
      let epsilons =
        try epsilon.map { try NumberList.parse($0, of: "--epsilon", .positive) }
        ?? Array(norm.usualEpsilons.suffix(1))
      guard epsilons.count == 1 else {
        throw ValidationError("--epsilon \(epsilon ?? ""): expected one number")
      }
      return LandscapeSurvey.Settings(
        radius: radius, points: points, threat: ThreatModel(norm, epsilon: epsilons[0]),
        steps: steps)
    }
  }

  @OptionGroup(title: "PLANE AND PERTURBATION")
  var surroundings: Surroundings

  @Option(
    help: ArgumentHelp(
      "also write the images for TensorBoard, as an event file into this directory",
      valueName: "directory"), completion: .directory)
  var events: String?

  @OptionGroup var options: MeasurementOptions

  func run() throws {
    try options.ranks.run { try measure(over: $0) }
  }

  private func measure(over world: any Communicator) throws {
    var options = options
    options.measured.trained.samples = options.measured.trained.samples ?? Self.usualSamples
    let settings = try surroundings.settings()
    let measurement = try options.prepare(
      .inputGradients, settings: [("the landscape's settings", "\(settings)")], world)
    let file = try Agreement(world).perform {
      world.rank == 0 ? try events.map { try EventFile(in: $0, resumingAt: nil) } : nil
    }
    let model = measurement.model
    let reports = try model.data.map { data in
      try measurement.timed(data) {
        let samples = try LandscapeSurvey(
          model.network, data, of: measurement.function, settings: settings,
          probes: ProbeDirections(seed: model.recipe.seed), batch: model.recipe.batchSize,
          communicator: world, observer: measurement.observer
        ).run(keeper: measurement.keeper)
        return LandscapeReport(samples, settings: settings, of: data)
      }
    }
    try Agreement(world).performOnRoot {
      for report in reports {
        try file?.write(report.pictures, step: model.file.origin.step ?? 0)
      }
      try file?.flush()
    }
    try measurement.finish(
      reports, settings: .init(settings),
      heading: "; plane of radius \(settings.radius), \(settings.points) × \(settings.points) "
        + "points; \(settings.threat.norm.rawValue) \(settings.threat.epsilon), "
        + "\(settings.steps) steps")
  }
}
