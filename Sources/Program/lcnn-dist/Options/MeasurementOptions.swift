import ArgumentParser
import Curvature
import Datasets
import MessagePassing
import Networks
import Surveys

/// What commands that measure a function of a trained model have in common: model, samples, results, ranks.
struct MeasurementOptions: ParsableArguments {
  /// What is measured, of which samples.
  struct Measured: ParsableArguments {
    @OptionGroup var trained: TrainedModelOptions

    @Option(help: "the samples to measure")
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

  /// Enough for convolutions of small images to be fast; ten times as many take ten times the memory.
  private static let samplesAtOnce = 64

  /// Reads model and data, and on rank 0 sees that the results can be written.
  ///
  /// Collective.
  func prepare(
    _ purpose: ModelConfiguration.Purpose, _ world: any Communicator
  ) throws -> MeasurementSubject {
    try Agreement(world).perform {
      let (file, recipe, data) = try world.oncePerProcess {
        let (file, recipe) = try measured.trained.read(flags)
        let data = try measured.split.splits.map { try measured.trained.load($0, of: recipe) }
        return (file, recipe, data)
      }
      if measured.function == .margin, let first = data.first, first.classes < 2 {
        throw SurveyError.tooFewClasses(dataset: first.name, classes: first.classes)
      }
      let network = try Model(
        recipe.networkArchitecture(for: data[0]),
        ModelConfiguration(
          purpose, maximumSamples: max(recipe.sliceSize, min(recipe.batchSize, Self.samplesAtOnce)),
          slices: recipe.slices),
        communicator: world)
      try network.load(file.dictionary, from: file.path)
      return MeasurementSubject(
        model: measured.trained.model, function: measured.function, recipe: recipe,
        network: network, data: data, csv: try ResultOptions.open(results.csv, on: world),
        json: try ResultOptions.open(results.json, on: world), communicator: world)
    }
  }
}

extension ScalarFunction: ExpressibleByArgument {}
