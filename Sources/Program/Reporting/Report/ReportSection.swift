import Plots

/// A part of a report: words, plots and tables under a heading.
struct ReportSection {
  struct Table {
    let caption: String
    let header: [String]
    let rows: [[String]]
  }

  let title: String
  /// Explanation of the plots for a reader who does not know the paper.
  let text: String
  var plots: [Plot] = []
  var tables: [Table] = []

  /// The section without plots that have nothing to draw; nil if nothing is left.
  var filled: ReportSection? {
    var section = self
    section.plots = plots.filter { !$0.isEmpty }
    section.tables = tables.filter { !$0.rows.isEmpty }
    return section.plots.isEmpty && section.tables.isEmpty ? nil : section
  }
}

extension Axis {
  static let epoch = Axis("epoch")
  static let epsilon = Axis("ε", unit: "‖e‖ of an image in [0, 1]")

  /// The layers of networks, the first one on top.
  static func layers(_ names: [String]) -> Axis { Axis("layer", .categories(names)) }
}

extension MarkStyle {
  /// The style of the run at an index: its own color, and dashes that tell it from its neighbors.
  static func run(_ index: Int) -> MarkStyle {
    MarkStyle(color: index, dash: Dash(rawValue: index % Dash.allCases.count) ?? .solid)
  }
}
