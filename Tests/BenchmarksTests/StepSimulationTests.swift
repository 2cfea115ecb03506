import Benchmarks
import Testing
import Training

@Suite struct StepSimulationTests {
  /// Rounding of a few additions.
  private static let tolerance = 1e-12

  /// One second forward, two layers backward with a bucket each, a last bucket, one second of
  /// update.
  private static let toy = StepSimulation(
    stages: [
      StepSimulation.Stage(seconds: 1, scalesWithSamples: true, sums: [10, 10]),
      StepSimulation.Stage(seconds: 2, scalesWithSamples: true, sums: [10], bucket: 300),
      StepSimulation.Stage(seconds: 1, scalesWithSamples: true, bucket: 200),
      StepSimulation.Stage(seconds: 0, scalesWithSamples: false, bucket: 100),
    ],
    tail: [StepSimulation.Stage(seconds: 1, scalesWithSamples: false)])

  /// A hundredth of a second per byte.
  private static func seconds(_ bytes: Int) -> Double { Double(bytes) / 100 }

  private func run(
    _ strategy: GradientPlan.Strategy, _ seconds: (Int) -> Double = StepSimulationTests.seconds
  ) -> StepSimulation.Duration {
    Self.toy.run(strategy, sumSeconds: seconds)
  }

  @Test("blocking sums add to computing")
  func blocking() {
    let found = run(.blocking)
    // Computing 5; batch norm 0.3; buckets 3 + 2 + 1.
    #expect(abs(found.total - 11.3) < Self.tolerance, "\(found)")
    #expect(found.computing == 5 && abs(found.total - found.computing - 6.3) < Self.tolerance)
    #expect(abs(found.bucketSums - 6) < Self.tolerance)
    #expect(abs(found.otherSums - 0.3) < Self.tolerance)
  }

  @Test("overlapped sums hide behind the computing that follows, one after the other")
  func overlapped() {
    // The first bucket is complete at 1.2 + 2.1 = 3.3 and summed at 6.3; computing ends at 4.3; the
    // others follow until 9.3; then the update.
    let found = run(.nonblocking)
    #expect(abs(found.total - 10.3) < Self.tolerance, "\(found)")
    // A link ten times as fast: 3.03 + 0.3 is over before the second is complete at 4.03; the
    // second until 4.23, the last until 4.33; then the update.
    let fast = run(.nonblocking) { Double($0) / 1000 }
    #expect(abs(fast.total - 5.33) < Self.tolerance, "\(fast)")
  }

  @Test("without communication a step is its computing, whatever the strategy")
  func alone() {
    for strategy in GradientPlan.Strategy.allCases {
      let found = run(strategy) { _ in 0 }
      #expect(found.total == 5 && found.computing == 5)
    }
  }

  @Test("overlapping never takes longer, and a slower link never less")
  func monotonic() {
    var before = (blocking: 0.0, overlapped: 0.0)
    for step in 0...40 {
      let scale = Double(step) / 1000
      let blocking = run(.blocking) { Double($0) * scale }.total
      let overlapped = run(.nonblocking) { Double($0) * scale }.total
      #expect(overlapped <= blocking + Self.tolerance)
      #expect(blocking >= before.blocking && overlapped >= before.overlapped)
      before = (blocking, overlapped)
    }
  }

  @Test("fewer samples shorten what is proportional to them and nothing else")
  func samples() {
    let half = Self.toy.withSamples(times: 0.5)
    #expect(half.computing == 3)
    #expect(half.stages.map(\.bucket) == Self.toy.stages.map(\.bucket))
    #expect(half.stages.map(\.sums) == Self.toy.stages.map(\.sums))
  }
}
