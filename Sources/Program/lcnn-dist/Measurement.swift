import Curvature
import Datasets
import Files
import MessagePassing
import Reporting
import Surveys

/// A measurement of a function of a trained model, and the files of its results.
struct Measurement {
  /// Name of the model, as given on the command line.
  let name: String
  let function: ScalarFunction
  let model: TrainedModel
  let csv: ResultFile?
  let json: ResultFile?
  let communicator: any Communicator
  /// Keeps what is measured; nil if nothing is kept.
  let keeper: SurveyKeeper?
  /// Shows progress, on rank 0.
  let display: SurveyDisplay?

  /// Passes progress on to the display, on rank 0.
  var observer: SurveyObserver? { display.map { display in { display.show($0) } } }

  /// Measures a split and logs the speed on rank 0.
  func timed<Result>(_ data: Dataset, _ measure: () throws -> Result) rethrows -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try measure()
    display?.end()
    let rate = Double(data.count) / ((clock.now - start) / .seconds(1))
    if communicator.rank == 0 {
      Ranks.logger.info("\(data.split.rawValue): \(ConsoleProgress.rate(rate)) images/s")
    }
    return result
  }

  /// Writes and prints one report per split, on rank 0.
  ///
  /// Collective.
  func finish<Report: SplitReport>(
    _ reports: [Report], settings: Report.Settings, heading: String
  ) throws {
    try Agreement(communicator).performOnRoot {
      try csv?.write(Report.csvHeader + reports.map(\.csv).joined())
      let names = model.data.map(\.split.rawValue)
      let file = MeasurementFile<Report>(
        model: name, origin: model.file.origin, function: function.rawValue,
        dataSet: model.data[0].name,
        seed: model.recipe.seed,
        splits: Dictionary(uniqueKeysWithValues: zip(names, reports.map(\.summary))),
        settings: settings)
      try json?.write(ResultDocument.text(file))
      try keeper?.remove()
    }
    guard communicator.rank == 0 else { return }
    print("f: \(function.rawValue)\(heading)")
    for report in reports { print("\n\(report.text)") }
  }
}
