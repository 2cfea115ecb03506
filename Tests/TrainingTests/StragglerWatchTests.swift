import RandomNumbers
import Testing
import Training

@Suite struct StragglerWatchTests {
  /// The steps after which a rank was named, with its number.
  private func named(
    steps: Int, samples: [Int], _ times: (_ step: Int) -> [Double]
  ) -> [(step: Int, finding: StragglerWatch.Finding)] {
    var watch = StragglerWatch(ranks: samples.count)
    return (1...steps).flatMap { step in
      let local = times(step)
      return watch.observe(local: local, samples: samples, whole: local.max() ?? 0)
        .map { (step, $0) }
    }
  }

  @Test("the slower of two ranks is named once, within twenty steps, with what it costs")
  func pair() {
    let found = named(steps: 100, samples: [8, 8]) { _ in [0.1, 0.2] }
    #expect(found.map(\.step) == [19])
    #expect(found.first?.finding.rank == 1)
    // Means of equal values, up to rounding.
    let finding = found.first?.finding
    #expect(abs((finding?.localSeconds ?? 0) - 0.2) < 1e-12)
    #expect(abs((finding?.medianSeconds ?? 0) - 0.1) < 1e-12)
    #expect(abs((finding?.share ?? 0) - 0.5) < 1e-12)
  }

  /// Values around 1, as much as `noise` off: the same ones in every run.
  private func noise(_ noise: Double, seed: UInt64) -> () -> Double {
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    return { 1 + noise * (2 * Double(generator.uniform()) - 1) }
  }

  @Test(
    "a rank half as slow again is named when 19 steps are known, though all times are up to 5 % off",
    arguments: [2, 3, 4, 8], 1...20)
  func halfAsSlow(ranks: Int, seed: Int) {
    let next = noise(0.05, seed: UInt64(seed))
    let found = named(steps: 19, samples: Array(repeating: 8, count: ranks)) { _ in
      (0..<ranks).map { ($0 == 1 ? 1.5 : 1) * next() }
    }
    #expect(found.map(\.step) == [19])
    #expect(found.first?.finding.rank == 1)
    // A third of the step, which such noise moves by a few percent.
    #expect(abs((found.first?.finding.share ?? 0) - 1.0 / 3) < 0.08)
  }

  @Test("a rank 1.3 times as slow is never named", arguments: [2, 3, 8])
  func slight(ranks: Int) {
    for (amount, steps) in [(0.0, 100), (0.05, 20_000)] {
      let next = noise(amount, seed: 1)
      let found = named(steps: steps, samples: Array(repeating: 8, count: ranks)) { _ in
        (0..<ranks).map { ($0 == 1 ? 1.3 : 1) * next() }
      }
      #expect(found.isEmpty, "noise \(amount): after step \(found.first?.step ?? 0)")
    }
  }

  @Test("equal ranks on a noisy machine are never named", arguments: [2, 3, 8])
  func noisyMachine(ranks: Int) {
    // Every time is up to 30 % off, and one in seven is three times as long.
    let (next, spike) = (noise(0.3, seed: 1), noise(1, seed: 2))
    let found = named(steps: 20_000, samples: Array(repeating: 8, count: ranks)) { _ in
      (0..<ranks).map { _ in next() * (spike() < 2.0 / 7 ? 3 : 1) }
    }
    #expect(found.isEmpty, "after step \(found.first?.step ?? 0)")
  }

  @Test("half a window of another job on a rank's cores is not enough", arguments: [3, 10, 50])
  func burst(factor: Double) {
    let found = named(steps: 100, samples: [8, 8, 8]) {
      [1, 1, (30..<45).contains($0) ? factor : 1]
    }
    #expect(found.isEmpty)
  }

  @Test(
    "a rank is named if three of nineteen steps hide it, and not if four do", arguments: [3, 4])
  func interrupted(hidden: Int) {
    let found = named(steps: 95, samples: [8, 8, 8]) { [1, 1, $0 % 19 < hidden ? 1 : 3] }
    #expect(found.map(\.step) == (hidden == 3 ? [19] : []))
  }

  @Test("a rank that has kept up for a window may be named again")
  func again() {
    let found = named(steps: 80, samples: [8, 8]) { [1, (26...50).contains($0) ? 1 : 2] }
    // The second time three steps of the calm ones are still within the window.
    #expect(found.map(\.step) == [19, 66])
  }

  @Test("a rank may take longer in proportion to its samples, and ranks without any do not count")
  func shares() {
    #expect(named(steps: 50, samples: [16, 8, 8]) { _ in [2, 1, 1] }.isEmpty)
    #expect(named(steps: 50, samples: [8, 0, 0]) { _ in [2, 0.01, 0.01] }.isEmpty)
    let found = named(steps: 50, samples: [16, 8, 8, 0]) { _ in [4, 1, 1, 0.01] }
    #expect(found.map(\.finding.rank) == [0] && found.map(\.step) == [19])
  }

  @Test("the median of an even number of ranks is the lower one, so that half of them can be named")
  func half() {
    let found = named(steps: 20, samples: [4, 4, 4, 4]) { _ in [1, 2, 1, 2] }
    #expect(found.map(\.finding.rank) == [1, 3])
  }
}
