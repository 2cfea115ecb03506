import Curvature
import Datasets
import Files
import MessagePassing
import Networks
import Recipes
import Reporting
import Training

/// A model, the data that a function of it is measured on, and where the results go.
struct MeasurementSubject {
  /// As it was named.
  let model: String
  let function: ScalarFunction
  let recipe: Recipe
  let network: Model
  let data: [Dataset]
  let csv: ResultFile?
  let json: ResultFile?
  let communicator: any Communicator

  /// Measures a split, and tells on rank 0 how fast that was.
  func timed<Result>(_ data: Dataset, _ measure: () throws -> Result) rethrows -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try measure()
    let rate = Double(data.count) / ((clock.now - start) / .seconds(1))
    if communicator.rank == 0 {
      Ranks.logger.info("\(data.split.rawValue): \(Int(rate.rounded())) images/s")
    }
    return result
  }

  /// Writes and prints on rank 0 what has been measured, a report per split; `settings` are a command's own.
  ///
  /// Collective.
  func finish<Report: SplitReport>(
    _ reports: [Report], settings: some Encodable, heading: String
  ) throws {
    try Agreement(communicator).performOnRoot {
      try csv?.write(Report.csvHeader + reports.map(\.csv).joined())
      let names = data.map(\.split.rawValue)
      try json?.write(
        ResultOptions.encoded(
          Document(
            model: model, function: function.rawValue, dataSet: data[0].name, seed: recipe.seed,
            splits: Dictionary(uniqueKeysWithValues: zip(names, reports.map(\.summary))),
            settings: settings)))
    }
    guard communicator.rank == 0 else { return }
    print("f: \(function.rawValue)\(heading)")
    for report in reports { print("\n\(report.text)") }
  }

  /// The file that --json writes.
  private struct Document<Summary: Encodable, Settings: Encodable>: Encodable {
    let model: String
    let function: String
    let dataSet: String
    let seed: UInt64
    let splits: [String: Summary]
    /// Its members stand beside the others.
    let settings: Settings

    enum CodingKeys: String, CodingKey {
      case model, seed, splits
      case function = "of"
      case dataSet = "data-set"
    }

    func encode(to encoder: any Encoder) throws {
      try settings.encode(to: encoder)
      var members = encoder.container(keyedBy: CodingKeys.self)
      try members.encode(model, forKey: .model)
      try members.encode(function, forKey: .function)
      try members.encode(dataSet, forKey: .dataSet)
      try members.encode(seed, forKey: .seed)
      try members.encode(splits, forKey: .splits)
    }
  }
}
