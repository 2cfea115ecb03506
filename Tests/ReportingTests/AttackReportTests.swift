import Datasets
import Reporting
import Robustness
import Testing

/// The report of an attack, from a tally of three samples.
@Suite struct AttackReportTests {
  /// The first sample is broken at 0.1, the second never; the third is misclassified without an attack.
  private static func report() -> AttackReport {
    func record(
      _ prediction: Int, broken: Bool = false, margin: Float, distance: Double = 0
    ) -> AttackRecord {
      AttackRecord(
        prediction: prediction, isMisclassified: broken, margin: margin, loss: 0.25,
        distance: distance,
        passes: 4, foundAt: 2, hasGrown: true, hasZeroGradient: false, isFinite: true)
    }
    let plan = AttackPlan(.l2, epsilons: [0.1, 0.2], kinds: [.pgd], seed: 1)
    var tally = RobustnessTally(
      plan,
      clean: [
        record(0, margin: 1.5), record(1, margin: 2.5), record(0, broken: true, margin: -0.5),
      ])
    tally.beginNextEpsilon()
    tally.add(record(1, broken: true, margin: -0.125, distance: 0.0625), of: 0, by: .pgd)
    tally.add(record(1, margin: 2.25, distance: 0.1), of: 1, by: .pgd)
    tally.beginNextEpsilon()
    tally.add(record(1, margin: 2.125, distance: 0.2), of: 1, by: .pgd)
    let images = Dataset(
      name: "pixels", split: .test,
      format: Dataset.Format(height: 1, width: 1, channels: 1, classes: 2),
      pixels: [0, 1, 2], labels: [0, 1, 1])
    return AttackReport(tally, of: images)
  }

  @Test("the table has a row per radius, and too few samples are called too few")
  func text() {
    #expect(
      Self.report().text == """
        pixels test: 3 samples, accuracy 66.67 % (20.77–93.85)
        ε     robust        95 %  attacked  by pgd  distance
        0.1  33.33 %  6.15–79.23         2       1    0.0625
        0.2  33.33 %  6.15–79.23         1       0         –
        2 samples attacked: too few to tell masked gradients by, expected 59
        """)
  }

  @Test("the CSV has a line per sample and radius, with as many cells as the header")
  func csv() {
    let lines = Self.report().csv.split(separator: "\n")
    let columns = AttackReport.csvHeader.split(separator: ",").count
    #expect(lines.count == 6)
    #expect(
      lines.allSatisfy {
        $0.split(separator: ",", omittingEmptySubsequences: false).count == columns
      })
    #expect(lines[0] == "test,0,0,0,1.5,0.25,0.1,1,pgd,0.1,1,-0.125,0.25,0.0625,4")
    // A sample that a smaller radius broke keeps its example and costs nothing more.
    #expect(lines[1] == "test,0,0,0,1.5,0.25,0.2,1,pgd,0.1,1,-0.125,0.25,0.0625,0")
  }
}
