import Robustness
import Testing

@Suite struct ProportionTests {
  /// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine
  /// 17 (1998), table I, method 3.
  @Test(
    "intervals are the published ones",
    arguments: [
      (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611),
      (1, 29, 0.0061, 0.1718),
    ])
  func published(successes: Int, count: Int, lower: Double, upper: Double) {
    let proportion = Proportion(successes, of: count)
    // The table has four decimals.
    #expect(abs(proportion.lower - lower) < 5.1e-5 && abs(proportion.upper - upper) < 5.1e-5)
    let misses = Proportion(count - successes, of: count)
    #expect(abs(misses.lower - (1 - proportion.upper)) < 1e-12)
  }

  @Test("none and all have an end at 0 and at 1")
  func ends() {
    #expect(Proportion(0, of: 7).lower == 0 && Proportion(0, of: 7).upper > 0.3)
    #expect(Proportion(7, of: 7).upper == 1 && Proportion(7, of: 7).lower < 0.7)
  }
}
