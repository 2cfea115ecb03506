import Plots

extension ReportSection {
  /// Loss, accuracy and learning rate over epochs, or over steps where no run has ended two epochs.
  static func learning(_ runs: [RunRecord]) -> ReportSection {
    let hasEpochs = runs.contains { ($0.metrics?.epochs.count ?? 0) > 1 }
    return ReportSection(
      title: "Training",
      text: """
        The loss is the cross-entropy that training lowers, without penalties. Accuracy is the \
        share of right answers: on training samples while the weights change, and on test samples \
        after the epoch.
        """,
      plots: hasEpochs ? overEpochs(runs) : overSteps(runs))
  }

  private static func overEpochs(_ runs: [RunRecord]) -> [Plot] {
    func lines(_ train: String, _ test: String, times factor: Double) -> [Line] {
      runs.enumerated().flatMap { index, run in
        [(train, "train", MarkStyle.Dash.dashed), (test, "test", .solid)].map { key, name, dash in
          Line(
            runs.count > 1 ? "\(run.label), \(name)" : name,
            MarkStyle(color: runs.count > 1 ? index : (name == "train" ? 1 : 0), dash: dash),
            (run.metrics?.epochs ?? []).compactMap { entry in
              entry[key].map { Line.Point(Double(entry.epoch), factor * $0) }
            })
        }
      }
    }
    return [
      Plot(
        "Loss", x: .epoch, y: Axis("cross-entropy", unit: "nats"),
        .lines(lines("epoch/train-loss", "test/loss", times: 1))),
      Plot(
        "Accuracy", x: .epoch, y: Axis("accuracy", unit: "%"),
        .lines(lines("epoch/train-accuracy", "test/accuracy", times: 100))),
      Plot(
        "Learning rate", x: Axis("step"), y: Axis("learning rate", .fromZero),
        .lines(stepLines(runs, "train/learning-rate", times: 1))),
    ]
  }

  private static func overSteps(_ runs: [RunRecord]) -> [Plot] {
    [
      Plot(
        "Loss of steps", x: Axis("step"), y: Axis("cross-entropy of the batch", unit: "nats"),
        .lines(stepLines(runs, "train/loss", times: 1))),
      Plot(
        "Accuracy of steps", x: Axis("step"), y: Axis("accuracy on the batch", unit: "%"),
        .lines(stepLines(runs, "train/accuracy", times: 100))),
    ]
  }

  private static func stepLines(
    _ runs: [RunRecord], _ key: String, times factor: Double
  ) -> [Line] {
    runs.enumerated().map { index, run in
      Line(
        run.label, .run(index),
        (run.metrics?.steps ?? []).compactMap { entry in
          entry[key].map { Line.Point(Double(entry.step), factor * $0) }
        })
    }
  }
}
