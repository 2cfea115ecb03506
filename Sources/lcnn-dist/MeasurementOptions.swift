import ArgumentParser
import Checkpoints
import Curvature
import Datasets
import Foundation
import MessagePassing
import Networks
import Training

/// What commands that measure a trained model have in common: the model, the samples and the results' files.
struct MeasurementOptions: ParsableArguments {
  enum Split: String, ExpressibleByArgument, CaseIterable {
    case train, test, both

    var splits: [Dataset.Split] {
      switch self {
      case .train: [.train]
      case .test: [.test]
      case .both: [.train, .test]
      }
    }
  }

  @OptionGroup(title: "HANGS")
  var watch: WatchOptions

  @OptionGroup(title: "MODEL AND RECIPE")
  var trained: TrainedModelOptions

  @Option(help: "the samples to measure")
  var split: Split = .test

  @Option(help: ArgumentHelp("only the first n samples of each split", valueName: "n"))
  var samples: Int?

  @Option(
    name: .customLong("of"),
    help: ArgumentHelp(
      "f: the loss of the true label, or its logit's margin over the largest other one"))
  var function: ScalarFunction = .loss

  @Option(help: ArgumentHelp("write a line per sample", valueName: "file"), completion: .file())
  var csv: String?

  @Option(help: ArgumentHelp("write the statistics", valueName: "file"), completion: .file())
  var json: String?

  func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples \(samples) must be at least 1")
    }
    if let csv, csv == json {
      throw ValidationError("--csv and --json are both \(csv), expected two files")
    }
  }

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var vectorUnits: VectorUnitOptions

  /// Enough for convolutions of small images to be fast; ten times as many take ten times the memory.
  private static let samplesAtOnce = 64

  /// A model and the data that it is measured on.
  struct Subject {
    let recipe: Recipe
    let network: Model
    let data: [Dataset]
    let csv: ResultFile?
    let json: ResultFile?
  }

  /// Reads model and data, and on rank 0 sees that the results can be written.
  ///
  /// Collective.
  func prepare(_ purpose: ModelConfiguration.Purpose, _ world: any Communicator) throws -> Subject {
    try Agreement(world).perform {
      let (file, recipe, data) = try world.oncePerProcess {
        let (file, recipe) = try trained.read()
        let data = try split.splits.map { split in
          let whole = try recipe.load(split)
          return whole.prefix(min(samples ?? whole.count, whole.count))
        }
        return (file, recipe, data)
      }
      if function == .margin, let first = data.first, first.classes < 2 {
        throw SurveyError.tooFewClasses(dataset: first.name, classes: first.classes)
      }
      let network = try Model(
        recipe.architecture(for: data[0]),
        ModelConfiguration(
          purpose, maximumSamples: max(recipe.sliceSize, min(recipe.batchSize, Self.samplesAtOnce)),
          slices: recipe.slices),
        communicator: world)
      try network.load(file.dictionary, from: file.path)
      let writes = world.rank == 0
      return Subject(
        recipe: recipe, network: network, data: data,
        csv: writes ? try csv.map { try ResultFile($0) } : nil,
        json: writes ? try json.map { try ResultFile($0) } : nil)
    }
  }
}

extension MeasurementOptions.Subject {
  /// Statistics as JSON, keys sorted; numbers read back exactly.
  static func encoded(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }
}

extension ScalarFunction: ExpressibleByArgument {}
