import Testing
import Training

@Suite struct StragglerWatchTests {
  /// The steps after which a rank was named, with its number.
  private func named(
    steps: Int, samples: [Int], _ own: (_ step: Int) -> [Double]
  ) -> [(step: Int, finding: StragglerWatch.Finding)] {
    var watch = StragglerWatch(ranks: samples.count)
    return (1...steps).flatMap { step in
      let own = own(step)
      return watch.observe(own: own, samples: samples, whole: own.max() ?? 0).map { (step, $0) }
    }
  }

  @Test("the slower of two ranks is named once, after twenty steps, with what it costs")
  func pair() {
    let found = named(steps: 100, samples: [8, 8]) { _ in [0.1, 0.2] }
    #expect(found.map(\.step) == [20])
    #expect(found.first?.finding.rank == 1)
    // Means of twenty equal values, up to rounding.
    let finding = found.first?.finding
    #expect(abs((finding?.ownSeconds ?? 0) - 0.2) < 1e-12)
    #expect(abs((finding?.medianSeconds ?? 0) - 0.1) < 1e-12)
    #expect(abs((finding?.share ?? 0) - 0.5) < 1e-12)
  }

  @Test("a rank is named if two of twenty steps hide it, and not if three do", arguments: [2, 3])
  func interrupted(hidden: Int) {
    let found = named(steps: 100, samples: [8, 8, 8]) { [1, 1, $0 % 20 < hidden ? 1 : 3] }
    #expect(found.map(\.step) == (hidden == 2 ? [20] : []))
  }

  @Test("a rank less than half as slow again is not named", arguments: [1.0, 1.2, 1.49])
  func slight(factor: Double) {
    #expect(named(steps: 50, samples: [8, 8, 8]) { _ in [1, factor, 1] }.isEmpty)
  }

  @Test("a rank that has kept up for twenty steps may be named again")
  func again() {
    let found = named(steps: 80, samples: [8, 8]) { [1, (26...50).contains($0) ? 1 : 2] }
    // The second time two steps of the calm ones are still within the window.
    #expect(found.map(\.step) == [20, 68])
  }

  @Test("a rank may take longer in proportion to its samples, and ranks without any do not count")
  func shares() {
    #expect(named(steps: 50, samples: [16, 8, 8]) { _ in [2, 1, 1] }.isEmpty)
    #expect(named(steps: 50, samples: [8, 0, 0]) { _ in [2, 0.01, 0.01] }.isEmpty)
    let found = named(steps: 50, samples: [16, 8, 8, 0]) { _ in [4, 1, 1, 0.01] }
    #expect(found.map(\.finding.rank) == [0] && found.map(\.step) == [20])
  }

  @Test("the median of an even number of ranks is the lower one, so that half of them can be named")
  func half() {
    let found = named(steps: 20, samples: [4, 4, 4, 4]) { _ in [1, 2, 1, 2] }
    #expect(found.map(\.finding.rank) == [1, 3])
  }
}
