import Checkpoints
import Files
import Foundation

/// The runs under a directory, as a table.
public struct RunList {
  /// Columns by which the rows can be sorted or filtered.
  public enum Column: String, CaseIterable, Sendable {
    case name, arm, data, state, epoch, loss, accuracy, curvature, speed, age
  }

  struct Row {
    let name: String
    let cells: [Column: String]
    let numbers: [Column: Double]
  }

  private let rows: [Row]
  /// Directories whose files could not all be read.
  public let problems: [String]

  /// Reads every folder in `directory` that holds a run, one level deep, or two.
  public init(in directory: String) throws {
    var problems: [String] = []
    var runs: [RunRecord] = []
    func read(_ path: String, depth: Int) throws {
      for name in try FileSystem.entries(of: path) {
        let inner = "\(path)/\(name)"
        guard FileSystem.isDirectory(inner) else { continue }
        if let run = try? RunRecord(inner) {
          runs.append(run)
          problems += run.problems
        } else if depth > 1 {
          try? read(inner, depth: depth - 1)
        }
      }
    }
    try read(directory, depth: 2)
    rows = runs.map { Row($0, name: String($0.path.dropFirst(directory.count + 1))) }
    self.problems = problems
  }

  /// The table.
  ///
  /// - Parameters:
  ///   - column: sorts the rows: numbers and states descending, words ascending.
  ///   - filters: keep the rows whose cell contains the text.
  public func text(sortedBy column: Column, filters: [(column: Column, text: String)]) -> String {
    let kept = rows.filter { row in
      filters.allSatisfy { row.cells[$0.column, default: ""].localizedStandardContains($0.text) }
    }
    let sorted = kept.sorted { a, b in
      if let x = a.numbers[column], let y = b.numbers[column], x != y { return x > y }
      if (a.numbers[column] != nil) != (b.numbers[column] != nil) {
        return a.numbers[column] != nil
      }
      let (x, y) = (a.cells[column, default: ""], b.cells[column, default: ""])
      return (x, a.name) < (y, b.name)
    }
    var table = TextTable(
      header: [
        "run", "arm", "data", "state", "epoch", "loss", "accuracy", "C_f", "images/s", "age",
      ],
      leftAligned: 4)
    for row in sorted { table.append(Column.allCases.map { row.cells[$0, default: "–"] }) }
    return kept.isEmpty ? "no run here that fits" : table.text
  }
}

extension RunList.Row {
  init(_ run: RunRecord, name: String) {
    self.name = name
    let epochs = run.metrics?.epochs ?? []
    var cells: [RunList.Column: String] = [
      .name: name, .arm: run.arm, .data: run.dataSet ?? "–", .state: RunState(run).rawValue,
      .epoch: "\(epochs.last?.epoch ?? 0)/\(run.recipe.map { "\($0.epochs)" } ?? "?")",
    ]
    var numbers: [RunList.Column: Double] = [.epoch: Double(epochs.last?.epoch ?? 0)]
    func set(_ column: RunList.Column, _ value: Double?, _ text: (Double) -> String) {
      guard let value else { return }
      numbers[column] = value
      cells[column] = text(value)
    }
    set(.loss, epochs.last?["epoch/train-loss"]) { String(format: "%.4f", $0) }
    set(.accuracy, run.testAccuracy) { ConsoleProgress.percent($0) }
    let measured = run.metrics?.measurements.last?["curvature/normalized/mean"]
    let isOutdated = run.freshness?.outdated.contains { $0.file == .curvature } ?? false
    let file = run.curvature.flatMap { CurvatureResult($0)?.curvature }
    set(.curvature, isOutdated ? measured : file ?? measured) { TextTable.number($0) }
    set(.speed, run.epochs.last?.imagesPerSecond) { ConsoleProgress.rate($0) }
    let age = (try? RunDirectory(opening: run.path))?.secondsSinceMetrics
    cells[.age] = age.map { ConsoleTime.clock($0) }
    // The newest run comes first.
    numbers[.age] = age.map { -$0 }
    self.cells = cells
    self.numbers = numbers
  }
}
