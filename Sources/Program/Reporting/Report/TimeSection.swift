import Plots

extension ReportSection {
  /// Throughput, the parts of a step, and the ranks' times without waiting.
  static func times(_ runs: [RunRecord]) -> ReportSection {
    ReportSection(
      title: "Speed",
      text: """
        The parts of a step are those of rank 0, medians of the last epoch. Gradients and batch \
        norm are the times within their collectives, waiting included. A rank whose time without \
        waiting is longer than that of others is a straggler.
        """,
      plots: [throughput(runs), parts(runs)] + runs.compactMap(ranks))
  }

  private static func throughput(_ runs: [RunRecord]) -> Plot {
    Plot(
      "Throughput", x: .epoch, y: Axis("images/s", .fromZero),
      .lines(
        runs.enumerated().map { index, run in
          Line(
            run.label, .run(index),
            run.epochs.map { Line.Point(Double($0.epoch), $0.imagesPerSecond) })
        }))
  }

  private static func parts(_ runs: [RunRecord]) -> Plot {
    let width = 0.8 / Double(max(runs.count, 1))
    let groups = runs.enumerated().compactMap { index, run -> Bars? in
      guard let last = run.epochs.last, last.compute != nil else { return nil }
      let values = [last.compute, last.gradients, last.batchNorm, last.data]
      return Bars(
        run.label, .run(index),
        values.enumerated().map { place, value in
          let lower = Double(place) - 0.4 + width * Double(index)
          return Bars.Bar(lower, lower + width, height: 1000 * (value ?? 0))
        })
    }
    return Plot(
      "Parts of a step",
      x: Axis("part", .categories(["compute", "gradients", "batch norm", "data wait"])),
      y: Axis("time", unit: "ms", .fromZero), .bars(groups))
  }

  private static func ranks(_ run: RunRecord) -> Plot? {
    guard let ranks = run.epochs.last?.ranks, ranks.count > 1 else { return nil }
    func bars(_ value: (EpochTiming.Rank) -> Double, _ lower: Double, _ upper: Double)
      -> [Bars.Bar]
    {
      ranks.enumerated().map { rank, times in
        Bars.Bar(Double(rank) + lower, Double(rank) + upper, height: 1000 * value(times))
      }
    }
    return Plot(
      "Time of each rank, \(run.label)",
      x: Axis("rank", .categories(ranks.indices.map(String.init))),
      y: Axis("step without waiting", unit: "ms", .fromZero),
      note: "Hosts: \(Set(ranks.map(\.host)).sorted().joined(separator: ", ")).",
      .bars([
        Bars("median", MarkStyle(color: 0), bars(\.half, -0.4, 0)),
        Bars("95 % of the steps", MarkStyle(color: 1, dash: .dashed), bars(\.most, 0, 0.4)),
      ]))
  }
}
