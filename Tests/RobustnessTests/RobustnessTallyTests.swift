import Robustness
import Testing

@Suite struct RobustnessTallyTests {
  private func record(
    margin: Float, grown: Bool = true, zero: Bool = false, distance: Double = 0.1
  ) -> AttackRecord {
    AttackRecord(
      prediction: margin < 0 ? 1 : 0, isMisclassified: margin < 0, margin: margin, loss: 1,
      distance: distance, passes: 3, foundAt: 2, hasGrown: grown, hasZeroGradient: zero,
      isFinite: true)
  }

  /// Four samples: wrong from the start, broken at the first distance, at the second by Square,
  /// never.
  private func tally() -> RobustnessTally {
    let plan = AttackPlan(.l2, epsilons: [0.2, 0.1], kinds: AttackPlan.autoAttack, seed: 1)
    var tally = RobustnessTally(
      plan, clean: [record(margin: -1), record(margin: 1), record(margin: 2), record(margin: 3)])
    tally.beginNextEpsilon()
    #expect(tally.survivors == [1, 2, 3])
    tally.add(record(margin: -0.1, distance: 0.07), of: 1, by: .apgdCrossEntropy)
    tally.add(record(margin: 1.5), of: 2, by: .apgdCrossEntropy)
    tally.add(record(margin: 2.5, grown: false), of: 3, by: .apgdCrossEntropy)
    #expect(tally.survivors == [2, 3])
    tally.add(record(margin: 1.4), of: 2, by: .apgdTargeted)
    tally.add(record(margin: 2.6), of: 3, by: .apgdTargeted)
    tally.beginNextEpsilon()
    #expect(tally.survivors == [2, 3])
    tally.add(record(margin: 0.5), of: 2, by: .apgdCrossEntropy)
    tally.add(record(margin: 2, zero: true), of: 3, by: .apgdTargeted)
    tally.add(record(margin: -0.2, distance: 0.19), of: 2, by: .square)
    #expect(tally.survivors == [3])
    return tally
  }

  @Test(
    "a misclassified sample stays misclassified at larger epsilons, with the attack that succeeded")
  func carries() {
    let findings = tally().findings
    #expect(findings[0].map(\.record.isMisclassified) == [true, true, false, false])
    #expect(findings[1].map(\.record.isMisclassified) == [true, true, true, false])
    #expect(findings[1].map(\.attack) == [nil, .apgdCrossEntropy, .square, .apgdTargeted])
    #expect(findings[1].map(\.epsilon) == [nil, 0.1, 0.2, 0.2])
    #expect(findings[1].map(\.passes) == [0, 0, 6, 3])
  }

  @Test("a sample that is never misclassified keeps its smallest margin over the attacks")
  func smallest() {
    let findings = tally().findings
    #expect(findings[0][2].record.margin == 1.4 && findings[0][2].attack == .apgdTargeted)
    #expect(findings[0][3].record.margin == 2.5 && findings[0][3].attack == .apgdCrossEntropy)
  }

  @Test("the summary counts robust samples, each attack's successes, and the signs of masking")
  func summary() {
    let summary = tally().summary
    #expect(summary.accuracy.successes == 3 && summary.accuracy.count == 4)
    #expect(summary.epsilons.map(\.epsilon) == [0.1, 0.2])
    #expect(summary.epsilons.map(\.robust.successes) == [2, 1])
    #expect(summary.epsilons.map(\.attacked) == [3, 2])
    #expect(summary.epsilons[0].broken == ["apgd-ce": 1, "apgd-t": 0, "fab-t": 0, "square": 0])
    #expect(summary.epsilons[1].broken == ["apgd-ce": 0, "apgd-t": 0, "fab-t": 0, "square": 1])
    #expect(summary.epsilons.map(\.meanDistance) == [0.07, 0.19])
    let signs = summary.epsilons.map(\.signs)
    #expect(signs.map(\.withoutGradient) == [0, 1])
    #expect(signs.map(\.withoutGrowth) == [1, 0])
    #expect(signs.map(\.squareOnly) == [0, 1])
    #expect(signs.map(\.isFlat) == [false, false])
  }

  /// Samples that none of two distances breaks, or the second one does, with what the attack met
  /// there.
  private func signs(_ second: [AttackRecord]) throws -> RobustnessSummary.Signs {
    let plan = AttackPlan(.l2, epsilons: [0.1, 0.2], kinds: [.apgdCrossEntropy], seed: 1)
    var tally = RobustnessTally(plan, clean: second.map { _ in record(margin: 1) })
    for records in [second.map { _ in record(margin: 0.9) }, second] {
      tally.beginNextEpsilon()
      for (sample, record) in records.enumerated() {
        tally.add(record, of: sample, by: .apgdCrossEntropy)
      }
    }
    return try #require(tally.summary.epsilons.last).signs
  }

  @Test("no misclassified sample is a sign from 59 attacked samples on")
  func flat() throws {
    let held = record(margin: 0.8)
    #expect(try !signs(Array(repeating: held, count: 58)).isFlat)
    let many = try signs(Array(repeating: held, count: 59))
    #expect(many.isFlat && !many.areClear)
    #expect(try !signs([record(margin: -1)] + Array(repeating: held, count: 58)).isFlat)
  }

  @Test(
    "two samples without gradient or growth may be chance, three are a sign", arguments: [2, 3])
  func fewSamples(count: Int) throws {
    let others = [record(margin: -1), record(margin: 0.8)]
    for odd in [record(margin: 0.8, zero: true), record(margin: 0.8, grown: false)] {
      let signs = try signs(others + Array(repeating: odd, count: count))
      #expect(max(signs.withoutGradient, signs.withoutGrowth) == count)
      #expect(signs.areClear == (count < 3))
    }
  }

  @Test("stages are the attacks in their order, with restarts and targets")
  func stages() {
    var effort = AttackPlan.Effort()
    effort.pgdStarts = 2
    let plan = AttackPlan(
      .linf, epsilons: [0.1], kinds: [.pgd] + AttackPlan.autoAttack, effort: effort, seed: 1)
    #expect(
      plan.stages(classes: 3).map(\.description) == [
        "pgd 1", "pgd 2", "apgd-ce 1", "apgd-t 1", "apgd-t 2", "fab-t 1", "fab-t 2", "square 1",
      ])
    #expect(plan.stages(classes: 100).count { $0.kind == .apgdTargeted } == 9)
  }
}
