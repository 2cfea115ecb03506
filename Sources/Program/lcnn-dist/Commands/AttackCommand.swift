import ArgumentParser
import Datasets
import Files
import Kernels
import MessagePassing
import Networks
import Recipes
import Reporting
import Robustness
import Surveys
import Training

struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack",
    abstract: "Accuracy of a trained model on images that an attacker may move by ε.",
    discussion: """
      Pixels are in [0, 1] and stay there. Attacks run in the order given, each on the samples \
      that none before it has broken, at the smallest ε first. The numbers are the same for any \
      number of ranks and any batch size.
      """)

  /// Where the findings go beside the terminal.
  struct Findings: ParsableArguments {
    @OptionGroup var results: ResultOptions

    @Option(
      help: ArgumentHelp(
        "write the adversarial examples and their labels, a safetensors file", valueName: "file"),
      completion: .file())
    var saveAdversarial: String?

    @Option(
      help: ArgumentHelp(
        """
        keep what has been found there until the end, so that a killed attack goes on when it is \
        asked for again (default: the file of --json with .state)
        """, valueName: "file"), completion: .file())
    var state: String?

    func validate() throws {
      try ResultOptions.requireDistinct([results.csv, results.json, saveAdversarial, state])
    }
  }

  @OptionGroup(title: "ATTACK")
  var attack: AttackOptions

  @OptionGroup(title: "MODEL AND SAMPLES")
  var trained: TrainedModelOptions

  @OptionGroup(title: "MODEL AND SAMPLES")
  var samples: SplitOption

  @OptionGroup(title: "RESULTS")
  var findings: Findings

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  func run() throws {
    try ranks.run { try attack(over: $0) }
  }

  private func attack(over world: any Communicator) throws {
    let agreement = Agreement(world)
    let (subject, survey) = try agreement.perform {
      let subject = try prepare(world)
      let survey = try AttackSurvey(
        subject.network, subject.data, plan: subject.plan,
        examples: findings.saveAdversarial == nil ? .dropped : .kept,
        batch: subject.recipe.batchSize,
        communicator: world)
      return (subject, survey)
    }
    let state = try agreement.perform { try openState(subject, world) }
    if let state, !state.lines.isEmpty {
      Ranks.logger.info("going on with \(state.lines.count) slices of \(state.path)")
    }
    let clock = ContinuousClock()
    var start = clock.now
    let result = try survey.run(state: state) { progress in
      guard world.rank == 0 else { return }
      Ranks.logger.info(
        """
        ε \(progress.epsilon), \(progress.stage): \(progress.broken) of \(progress.attacked) \
        broken, \(Int(((clock.now - start) / .seconds(1)).rounded())) s
        """)
      start = clock.now
    }
    let report = AttackReport(result.tally, of: subject.data)
    try agreement.performOnRoot {
      try subject.csv?.write(AttackReport.csvHeader + report.csv)
      try subject.json?.write(try ResultOptions.encoded(document(report, subject)))
      try subject.adversarial?.write(AdversarialExamples(result, of: subject.data).file.encoded())
      try state?.remove()
    }
    guard world.rank == 0 else { return }
    print("\(subject.plan.norm.rawValue); \(attack.text)\n")
    print(report.text)
  }

  /// A model, what it is attacked on, and where the results go.
  private struct Subject {
    let file: ModelFile
    let recipe: Recipe
    let network: Model
    let data: Dataset
    let plan: AttackPlan
    let csv: ResultFile?
    let json: ResultFile?
    let adversarial: ResultFile?
  }

  private func prepare(_ world: any Communicator) throws -> Subject {
    let (file, recipe, data) = try world.oncePerProcess {
      let (file, recipe) = try trained.read(flags)
      return (file, recipe, try trained.load(samples.split, of: recipe))
    }
    let network = try Model(
      recipe.networkArchitecture(for: data),
      ModelConfiguration(
        .inputGradients, maximumSamples: recipe.sliceSize, slices: recipe.slices),
      communicator: world)
    try network.load(file.dictionary, from: file.path)
    return Subject(
      file: file, recipe: recipe, network: network, data: data,
      plan: try attack.plan(seed: recipe.seed),
      csv: try ResultOptions.open(findings.results.csv, on: world),
      json: try ResultOptions.open(findings.results.json, on: world),
      adversarial: try ResultOptions.open(findings.saveAdversarial, on: world))
  }

  /// Rank 0's state, if one is kept.
  private func openState(_ subject: Subject, _ world: any Communicator) throws -> AttackState? {
    guard world.rank == 0,
      let path = findings.state ?? findings.results.json.map({ "\($0).state" })
    else { return nil }
    let data = subject.data
    return try AttackState(
      path,
      settings: [
        .init("model", subject.file.digest), .init("network", "\(subject.network.architecture)"),
        .init("data", "\(data.name) \(data.split.rawValue) \(data.count) \(data.sha256())"),
      ] + attack.settings + [
        .init("seed", "\(subject.plan.seed)"), .init("slice size", "\(subject.recipe.sliceSize)"),
        .init("kernels", "\(BLASCoreType.current) \(VectorUnits.current)"),
        .init("adversarial examples", findings.saveAdversarial == nil ? "dropped" : "kept"),
      ])
  }

  /// The file that --json writes.
  private struct Document: Encodable {
    let model: String
    let dataSet: String
    let split: String
    let norm: String
    let attacks: [String]
    let effort: [String: String]
    let seed: UInt64
    let results: RobustnessSummary

    enum CodingKeys: String, CodingKey {
      case model, split, norm, attacks, effort, seed, results
      case dataSet = "data-set"
    }
  }

  private func document(_ report: AttackReport, _ subject: Subject) -> Document {
    Document(
      model: trained.model, dataSet: subject.data.name, split: subject.data.split.rawValue,
      norm: subject.plan.norm.rawValue, attacks: subject.plan.kinds.map(\.rawValue),
      effort: Dictionary(
        uniqueKeysWithValues: attack.effortSettings.map { ($0.what, $0.value) }),
      seed: subject.plan.seed, results: report.summary)
  }
}
