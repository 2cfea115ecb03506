import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Networks
import Reporting
import Surveys

/// Options of all commands that measure a trained model: model, samples, results and ranks.
struct MeasurementOptions: ParsableArguments {
  /// Options for the measured function and the samples.
  struct Measured: ParsableArguments {
    @OptionGroup var trained: TrainedModelOptions

    @Option(help: "split of the data set to measure")
    var split: SplitChoice = .test

    @Option(
      name: .customLong("of"),
      help: ArgumentHelp(
        "f: the loss of the true label, or its logit's margin over the largest other one"))
    var function: ScalarFunction = .loss
  }

  enum SplitChoice: String, ExpressibleByArgument, CaseIterable {
    case train, test, both

    var splits: [Dataset.Split] {
      switch self {
      case .train: [.train]
      case .test: [.test]
      case .both: [.train, .test]
      }
    }
  }

  @OptionGroup(title: "MODEL AND SAMPLES")
  var measured: Measured

  @OptionGroup(title: "RESULTS")
  var results: ResultOptions

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  @OptionGroup(title: "RECIPE")
  var flags: RecipeFlags

  /// Number of samples in a pass: enough for fast convolutions of small images, since memory grows
  /// in proportion.
  private static let samplesAtOnce = 64

  /// Reads the model and the data, and checks on rank 0 that the results can be written.
  ///
  /// Collective.
  /// - Parameter settings: the command's own settings, on which its results depend.
  func prepare(
    _ purpose: ModelConfiguration.Purpose, settings: [(what: String, value: String)],
    _ world: any Communicator
  ) throws -> Measurement {
    let display = world.rank == 0 ? SurveyDisplay(ranks.output.console) : nil
    display?.begin("reading the model and the data")
    let model = try measured.trained.load(
      measured.split.splits, flags, for: purpose,
      settings: settings + [("--of", measured.function.rawValue)], over: world, display: display
    ) { recipe in
      max(recipe.sliceSize, min(recipe.batchSize, Self.samplesAtOnce))
    }
    let (csv, json) = try Agreement(world).perform {
      let data = model.data[0]
      if measured.function == .margin && data.classes < 2 {
        throw SurveyError.tooFewClasses(dataset: data.name, classes: data.classes)
      }
      return (
        try ResultOptions.open(results.csv, on: world),
        try ResultOptions.open(results.json, on: world)
      )
    }
    let keeper = try results.keeper(
      of: model,
      settings: settings.map { .init($0.what, $0.value) }
        + [.init("f", measured.function.rawValue)], over: world)
    return Measurement(
      name: measured.trained.model, function: measured.function, model: model, csv: csv,
      json: json, communicator: world, keeper: keeper, display: display)
  }
}

extension ScalarFunction: ExpressibleByArgument {}
