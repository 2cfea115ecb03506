import Foundation

/// Results of a report's runs, in lines that need no knowledge of the paper.
struct ReportSummary {
  let lines: [String]

  init(_ runs: [RunRecord]) {
    var lines: [String] = []
    /// Adds a line if a run has the number.
    func add(
      _ start: String, _ value: (RunRecord) -> Double?, _ format: (Double) -> String,
      compare: Bool = false
    ) {
      let found = runs.compactMap { run in value(run).map { (run.label, $0) } }
      guard !found.isEmpty else { return }
      let texts = found.map { runs.count > 1 ? "\(format($0.1)) \($0.0)" : format($0.1) }
      lines.append(
        "\(start): \(texts.joined(separator: ", "))"
          + (compare ? Self.ratio(found.map(\.1)) : ""))
    }
    func percent(_ share: Double) -> String { ConsoleProgress.percent(share) }
    add("Right answers on test images", \.testAccuracy, percent)
    add(
      "Curvature, how fast the answer bends as the image changes (mean C_f)",
      { $0.curvature.flatMap { CurvatureResult($0)?.curvature } }, TextTable.number,
      compare: true)
    if let radius = Self.commonRadius(runs) {
      add(
        "Change of the gradient when noise of length \(TextTable.number(radius)) is added",
        { run in
          run.stability?.splits["test"]?.epsilons.first { $0.epsilon == radius }?.mean?.mean
        }, percent, compare: true)
    }
    let attacked = runs.compactMap { $0.attack.flatMap { RobustnessResult($0) } }
    if let first = attacked.first, let last = first.epsilons.last {
      let norm = first.norm == "linf" ? "L∞" : first.norm.uppercased()
      let kinds = runs.compactMap(\.attack).first?.attacks.map { $0.uppercased() } ?? []
      add(
        "Right answers after an attack that moves each image by \(TextTable.number(last.epsilon)) "
          + "in \(norm) (\(kinds.joined(separator: ", ")))",
        { run in
          let result = run.attack.flatMap { RobustnessResult($0) }
          guard let result, result.norm == first.norm else { return nil }
          return result.epsilons.first { $0.epsilon == last.epsilon }?.accuracy
        }, percent)
    }
    self.lines = lines
  }

  /// The largest noise that all runs with a measurement of stability have in common.
  private static func commonRadius(_ runs: [RunRecord]) -> Double? {
    let radii = runs.compactMap { $0.stability?.splits["test"]?.epsilons.map(\.epsilon) }
    guard let first = radii.first else { return nil }
    return first.filter { radius in radii.allSatisfy { $0.contains(radius) } }.max()
  }

  /// How many times less the last of two numbers is; empty for others.
  private static func ratio(_ values: [Double]) -> String {
    guard values.count == 2, values[1] > 0, values[0] > values[1] else { return "" }
    return String(format: ": %.2g times less", values[0] / values[1])
  }
}
