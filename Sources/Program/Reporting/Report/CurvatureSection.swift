import Curvature
import Foundation
import Plots

extension ReportSection {
  /// Curvature over epochs, its distribution over samples, and its statistics beside the paper's.
  static func curvature(_ runs: [RunRecord]) -> ReportSection {
    ReportSection(
      title: "Curvature",
      text: """
        The normalised curvature C_f = ‖∇²f‖ / (‖∇f‖ + ε) says how fast the gradient of a network \
        turns as the image changes. A network of low curvature is nearly linear around an image.
        """,
      plots: [overEpochs(runs), histogram(runs)], tables: [statistics(runs)])
  }

  private static func overEpochs(_ runs: [RunRecord]) -> Plot {
    let lines = runs.enumerated().flatMap { index, run in
      [("mean", MarkStyle.Dash.solid), ("median", .dashed), ("max", .dotted)].map { name, dash in
        Line(
          runs.count > 1 ? "\(run.label), \(name)" : name, MarkStyle(color: index, dash: dash),
          (run.metrics?.measurements ?? []).compactMap { entry in
            entry["curvature/normalized/\(name)"].map { Line.Point(Double(entry.epoch), $0) }
          })
      }
    }
    return Plot(
      "Curvature during training", x: .epoch,
      y: Axis("C_f", unit: "per unit of ‖e‖", .logarithmic),
      .lines(lines.filter { !$0.points.isEmpty }))
  }

  /// Heights are shares per factor of ten, since the bins of two runs differ in width.
  private static func histogram(_ runs: [RunRecord]) -> Plot {
    let groups = runs.enumerated().compactMap { index, run -> Bars? in
      guard let test = run.curvature?.splits["test"], test.samples > 0 else { return nil }
      let bars = test.histogram.bins.filter { $0.count > 0 }.map { bin in
        let (lower, upper) =
          bin.upper > bin.lower ? (bin.lower, bin.upper) : (bin.lower * 0.98, bin.upper * 1.02)
        let share = 100 * Double(bin.count) / Double(test.samples)
        return Bars.Bar(lower, upper, height: share / log10(upper / lower))
      }
      return Bars(run.label, .run(index), bars)
    }
    return Plot(
      "Curvature of test samples", x: Axis("C_f", unit: "per unit of ‖e‖", .logarithmic),
      y: Axis("samples per factor of ten", unit: "%", .fromZero), .bars(groups))
  }

  private static func statistics(_ runs: [RunRecord]) -> Table {
    let rows = runs.flatMap { run -> [[String]] in
      guard let test = run.curvature?.splits["test"] else { return [] }
      return [
        ("‖∇f‖", test.gradientNorm), ("‖∇²f‖", test.hessianNorm), ("C_f", test.curvature),
      ].map { name, values in
        let numbers = [
          values.mean, values.p5, values.median, values.p95, values.p99, values.maximum,
        ]
        return [run.label, name] + numbers.map(TextTable.number)
      }
    }
    let paper = PaperRow.beside(runs).flatMap { row in
      [("‖∇f‖", row.gradientNorm), ("‖∇²f‖", row.hessianNorm), ("C_f", row.curvature)].map {
        ["the paper, \(row.arm.title)", $0, TextTable.number($1), "", "", "", "", ""]
      }
    }
    let methods = runs.compactMap { $0.curvature.flatMap { CurvatureResult($0)?.method } }
    return Table(
      caption: "Statistics over test samples. \(Set(methods).sorted().joined(separator: "; "))",
      header: ["run", "", "mean", "p5", "median", "p95", "p99", "max"],
      rows: rows.isEmpty ? [] : rows + paper)
  }
}
