import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Reporting
import Training

struct StabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stability",
    abstract: "How far a trained model's input gradient moves under small noise.",
    discussion: """
      ‖∇f(x + e) − ∇f(x)‖/‖∇f(x)‖ for random directions e of given lengths in L2: the mean \
      over the directions, and the worst of them. Pixels are in [0, 1]; x + e is not clipped. \
      The numbers are the same for any number of ranks and any batch size.
      """)

  @OptionGroup var options: MeasurementOptions

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

  private func lengths() throws -> [Double] {
    guard let radii else { return GradientStability.paperRadii }
    let found = radii.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0).flatMap { $0 > 0 && Float($0).isNormal ? $0 : nil }
    }
    let lengths = found.compactMap { $0 }
    guard lengths.count == found.count else {
      throw ValidationError("--radii \(radii): expected positive numbers, as in 1e-3,1e-2")
    }
    return lengths
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
    let radii = try lengths()
    let subject = try options.prepare(.inputGradients, world)
    var reports: [StabilityReport] = []
    for data in subject.data {
      let clock = ContinuousClock()
      let start = clock.now
      let changes = try StabilitySurvey(
        subject.network, data, of: options.function, radii: radii, directions: directions,
        probes: ProbeDirections(seed: subject.recipe.seed), batch: subject.recipe.batchSize,
        communicator: world
      ).run()
      let rate = Double(data.count) / ((clock.now - start) / .seconds(1))
      if world.rank == 0 {
        Ranks.logger.info("\(data.split.rawValue): \(Int(rate.rounded())) images/s")
      }
      reports.append(StabilityReport(changes, radii: radii, of: data))
    }
    try Agreement(world).performOnRoot {
      try subject.csv?.write(StabilityReport.csvHeader + reports.map(\.csv).joined())
      try subject.json?.write(try MeasurementOptions.Subject.encoded(document(reports, subject)))
    }
    guard world.rank == 0 else { return }
    print("f: \(options.function.rawValue); \(directionsText)")
    for report in reports { print("\n\(report.text)") }
  }

  private var directionsText: String {
    "\(directions) random direction\(directions == 1 ? "" : "s") per sample"
  }

  /// The file that --json writes.
  private struct Document: Encodable {
    let model: String
    let function: String
    let directions: Int
    let dataSet: String
    let seed: UInt64
    let splits: [String: StabilitySummary]

    enum CodingKeys: String, CodingKey {
      case model, directions, seed, splits
      case function = "of"
      case dataSet = "data-set"
    }
  }

  private func document(
    _ reports: [StabilityReport], _ subject: MeasurementOptions.Subject
  ) -> Document {
    let names = subject.data.map(\.split.rawValue)
    return Document(
      model: options.trained.model, function: options.function.rawValue, directions: directions,
      dataSet: subject.data[0].name, seed: subject.recipe.seed,
      splits: Dictionary(uniqueKeysWithValues: zip(names, reports.map(\.summary))))
  }
}
