import Failures
import Foundation
import Plots
import Recipes

/// A report of one or several runs: what they are, what they measured, and what could not be read.
public struct RunReport {
  let runs: [RunRecord]
  let sections: [ReportSection]
  /// A line for each thing that could not be read or must not be compared.
  public let problems: [String]
  /// The runs' measurements in words, one line each.
  public let summary: [String]

  /// Reads the runs; a directory without a run is a problem while others are left.
  ///
  /// - Throws: ``RunResultsError`` if no path is a run.
  public init(_ paths: [String]) throws {
    var runs: [RunRecord] = []
    var problems: [String] = []
    var refused: [RunResultsError] = []
    for path in paths {
      do { runs.append(try RunRecord(path)) } catch let error as RunResultsError {
        refused.append(error)
      }
    }
    guard !runs.isEmpty else {
      throw refused.count == 1 ? refused[0] : RunResultsError.noRun(paths: paths)
    }
    Self.makeLabelsUnique(&runs)
    problems += refused.map { "skipped \($0)" } + runs.flatMap(\.problems)
    let sets = Set(runs.compactMap(\.dataSet)).sorted()
    if sets.count > 1 {
      let members = sets.map { set in
        "\(set) (\(runs.filter { $0.dataSet == set }.map(\.label).joined(separator: ", ")))"
      }
      problems.append(
        "the runs are of different data sets, so their accuracy and curvature cannot be compared: "
          + members.joined(separator: ", "))
    }
    self.runs = runs
    self.problems = problems
    summary = ReportSummary(runs).lines
    let sections: [ReportSection] = [
      .learning(runs), .curvature(runs), .robustness(runs), .landscape(runs),
      .layers(runs), .times(runs),
    ]
    self.sections = sections.compactMap(\.filled)
  }

  /// Runs of one name are told apart by their paths.
  private static func makeLabelsUnique(_ runs: inout [RunRecord]) {
    let labels = runs.map(\.label)
    for index in runs.indices where labels.count(where: { $0 == labels[index] }) > 1 {
      runs[index].label = runs[index].path
    }
  }

  /// The plots as files: names, each once, and their SVG.
  public var svgFiles: [(name: String, svg: String)] {
    var taken: [String: Int] = [:]
    return sections.flatMap(\.plots).map { plot in
      taken[plot.fileName, default: 0] += 1
      let count = taken[plot.fileName] ?? 1
      return (
        "\(plot.fileName)\(count > 1 ? "-\(count)" : "").svg", plot.svg(.standalone) + "\n"
      )
    }
  }

  /// The report as one HTML file, which needs no other.
  ///
  /// - Parameters:
  ///   - version: of the program.
  ///   - date: when the report is made.
  public func html(version: String, date: Date) -> String {
    ReportPage(report: self, version: version, date: date).text
  }
}
