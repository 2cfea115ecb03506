import ArgumentParser
import Files
import MessagePassing
import Reporting
import Robustness
import Surveys

struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack",
    abstract: "Accuracy of a trained model on images that an attacker may move by ε.",
    discussion: """
      Pixels stay in [0, 1]. Attacks run in the given order, at the smallest ε first, each on the \
      samples that no attack before it has broken. The numbers do not depend on the number of \
      ranks or the batch size.
      """)

  /// Options that name the files of the results.
  struct Findings: ParsableArguments {
    @OptionGroup var results: ResultOptions

    @Option(
      help: ArgumentHelp(
        "write the adversarial examples and their labels as safetensors", valueName: "file"),
      completion: .file())
    var saveAdversarial: String?

    func validate() throws {
      try ResultOptions.requireDistinct([results.csv, results.json, saveAdversarial, results.state])
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
    let display = world.rank == 0 ? SurveyDisplay(ranks.output.console) : nil
    display?.begin("reading the model and the data")
    let model = try trained.load(
      [samples.split], flags, for: .inputGradients,
      settings: attack.settings.map { ($0.what, $0.value) }
        + [("--save-adversarial", findings.saveAdversarial == nil ? "no" : "yes")],
      over: world, display: display, maximumSamples: \.sliceSize)
    let (plan, files) = try agreement.perform {
      (try attack.plan(seed: model.recipe.seed), try Files(findings, on: world))
    }
    let data = model.data[0]
    let survey = try agreement.perform {
      try AttackSurvey(
        model.network, data, plan: plan,
        examples: findings.saveAdversarial == nil ? .dropped : .kept,
        batch: model.recipe.batchSize, communicator: world)
    }
    let keeper = try findings.results.keeper(
      of: model,
      settings: attack.settings + [
        .init("adversarial examples", findings.saveAdversarial == nil ? "dropped" : "kept")
      ], over: world)
    let clock = ContinuousClock()
    var start = clock.now
    let observer: SurveyObserver? = display.map { display in { display.show($0) } }
    let result = try survey.run(keeper: keeper, observer: observer) { progress in
      guard world.rank == 0 else { return }
      display?.note(
        """
        ε \(progress.epsilon), \(progress.stage): \(progress.broken) of \(progress.attacked) \
        broken, \(Int(((clock.now - start) / .seconds(1)).rounded())) s
        """)
      start = clock.now
    }
    display?.end()
    let report = AttackReport(result.tally, of: data)
    try agreement.performOnRoot {
      try files.csv?.write(AttackReport.csvHeader + report.csv)
      try files.json?.write(
        ResultDocument.text(
          AttackFile(
            model: trained.model, origin: model.file.origin, dataSet: data.name,
            split: data.split.rawValue, plan: plan,
            effort: Dictionary(
              uniqueKeysWithValues: AttackPlan.Effort.Name.allCases.map {
                ($0.rawValue, plan.effort[$0])
              }),
            results: report.summary)))
      try files.adversarial?.write(AdversarialExamples(result, of: data).file.encoded())
      try keeper?.remove()
    }
    guard world.rank == 0 else { return }
    print("\(plan.norm.rawValue); \(attack.text)\n")
    print(report.text)
  }

  /// Open files of the results, on rank 0.
  private struct Files {
    let csv: ResultFile?
    let json: ResultFile?
    let adversarial: ResultFile?

    init(_ findings: Findings, on world: any Communicator) throws {
      csv = try ResultOptions.open(findings.results.csv, on: world)
      json = try ResultOptions.open(findings.results.json, on: world)
      adversarial = try ResultOptions.open(findings.saveAdversarial, on: world)
    }
  }
}
