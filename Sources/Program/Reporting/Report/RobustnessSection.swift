import Plots
import Recipes

extension ReportSection {
  /// Accuracy under attack and certified accuracy over ε, and the change of the gradient.
  static func robustness(_ runs: [RunRecord]) -> ReportSection {
    ReportSection(
      title: "Robustness",
      text: """
        An attack moves each image by at most ε so that the answer becomes wrong. Robust accuracy \
        is the share of samples that no attack has broken; the band is its 95 % interval (Wilson). \
        A certificate proves that no attack exists. The gradient of a network of low curvature \
        changes little when noise is added to the image.
        """,
      plots: attacks(runs) + [certificates(runs), stability(runs)])
  }

  /// One plot for each norm that occurs.
  private static func attacks(_ runs: [RunRecord]) -> [Plot] {
    let norms = Set(runs.compactMap(\.attack?.norm)).sorted()
    return norms.map { norm in
      var lines = runs.enumerated().compactMap { index, run -> Line? in
        guard let attack = run.attack, attack.norm == norm else { return nil }
        let clean = (epsilon: 0.0, share: attack.results.accuracy)
        let points = [clean] + attack.results.epsilons.map { ($0.epsilon, $0.robust) }
        return Line(
          run.label, .run(index),
          points.map { epsilon, share in
            Line.Point(
              epsilon, 100 * share.share, interval: 100 * share.lower...100 * share.upper)
          })
      }
      if norm == "l2" {
        lines += PaperRow.beside(runs).map { row in
          Line(
            "the paper, \(row.arm.title)", MarkStyle(color: nil, dash: .dotted),
            [Line.Point(0, row.accuracy)]
              + zip(PaperRow.epsilons, row.robust).map { Line.Point($0, $1) })
        }
      }
      let methods = runs.compactMap { run in
        run.attack.flatMap { $0.norm == norm ? RobustnessResult($0)?.method : nil }
      }
      let name = norm == "linf" ? "L∞" : norm.uppercased()
      return Plot(
        "Robust accuracy, \(name)", x: Axis("ε in \(name)", unit: "pixels in [0, 1]"),
        y: Axis("robust accuracy", unit: "%"),
        note: Set(methods).sorted().joined(separator: "; "), .lines(lines))
    }
  }

  private static func certificates(_ runs: [RunRecord]) -> Plot {
    let lines = runs.enumerated().compactMap { index, run -> Line? in
      guard let test = run.bound?.splits["test"] else { return nil }
      return Line(
        run.label, .run(index),
        [Line.Point(0, 100 * test.accuracy)]
          + test.certified.map { Line.Point($0.epsilon, 100 * $0.accuracy) })
    }
    return Plot(
      "Certified accuracy", x: Axis("ε in L2", unit: "pixels in [0, 1]"),
      y: Axis("certified accuracy", unit: "%", .fromZero), .lines(lines))
  }

  /// The change of gradients under noise, with the line ‖e‖·C_f that curvature predicts.
  private static func stability(_ runs: [RunRecord]) -> Plot {
    let lines = runs.enumerated().flatMap { index, run -> [Line] in
      guard let test = run.stability?.splits["test"] else { return [] }
      let measured = Line(
        run.label, MarkStyle(color: index),
        test.epsilons.compactMap { row in
          row.mean.map { Line.Point(row.epsilon, $0.mean, interval: $0.p5...$0.p95) }
        })
      guard let curvature = run.curvature?.splits["test"]?.curvature.mean else { return [measured] }
      let predicted = Line(
        "‖e‖·E C_f of \(run.label)", MarkStyle(color: index, dash: .dotted),
        test.epsilons.map { Line.Point($0.epsilon, $0.epsilon * curvature) })
      return [measured, predicted]
    }
    return Plot(
      "Change of the gradient under noise", x: Axis("‖e‖", unit: "L2", .logarithmic),
      y: Axis("‖∇f(x+e) − ∇f(x)‖ / ‖∇f(x)‖", .logarithmic),
      note: "Mean over test samples; the band holds 90 % of them. Curvature bounds the change: "
        + "the dotted line is its mean times ‖e‖, the largest change that is possible for small e.",
      .lines(lines))
  }
}
