import Curvature
import Testing

@Suite struct SampleStatisticsTests {
  @Test("mean, spread and quantiles of 1 … 5 in any order")
  func fiveValues() {
    let statistics = SampleStatistics([4, 1, 5, 2, 3])
    #expect(statistics.count == 5 && statistics.mean == 3 && statistics.median == 3)
    #expect(statistics.standardDeviation == 2.5.squareRoot())
    #expect(abs((statistics.standardError ?? 0) - 0.5.squareRoot()) < 1e-15)
    #expect(abs(statistics.p5 - 1.2) < 1e-15)
    #expect(abs(statistics.p95 - 4.8) < 1e-15)
    #expect(abs(statistics.p99 - 4.96) < 1e-15)
    #expect(statistics.maximum == 5)
  }

  @Test("a single value has no spread")
  func oneValue() {
    let statistics = SampleStatistics([7])
    #expect(statistics.mean == 7 && statistics.median == 7 && statistics.p99 == 7)
    #expect(statistics.standardDeviation == nil && statistics.standardError == nil)
  }

  @Test("histogram edges grow by one factor, and every value is counted once")
  func histogram() {
    let histogram = LogarithmicHistogram([1, 1.5, 3, 5, 20, 100, 0, 0], bins: 2)
    #expect(histogram.zeros == 2)
    #expect(histogram.bins.map(\.count) == [4, 2])
    #expect(histogram.bins[0].lower == 1 && histogram.bins[1].upper == 100)
    #expect(abs(histogram.bins[0].upper - 10) < 1e-12)
  }

  @Test("equal values are one bin, zeros none")
  func degenerateHistograms() {
    #expect(LogarithmicHistogram([2, 2]).bins.map(\.count) == [2])
    #expect(LogarithmicHistogram([0]).bins.isEmpty && LogarithmicHistogram([0]).zeros == 1)
  }

  @Test("class means and convergence are counted per sample")
  func summary() throws {
    let curvature = try CurvatureCase(.vggLowCurvature)
    let samples = try curvature.measure(
      from: curvature.directions(seed: 2), .power(iterations: 1, tolerance: 0.1))
    let summary = CurvatureSummary(samples, labels: [4, 1, 4])
    #expect(summary.classes.map(\.label) == [1, 4] && summary.classes.map(\.samples) == [1, 2])
    #expect(summary.classes[0].curvature == samples[1].curvature)
    let mean = (samples[0].hessianNorm + samples[2].hessianNorm) / 2
    #expect(abs(summary.classes[1].hessianNorm - mean) <= 1e-15 * mean)
    #expect(summary.notConverged == 3 && summary.products.mean == 1)
    #expect(summary.smallestEigenvalue == nil)
    #expect(summary.histogram.bins.reduce(0) { $0 + $1.count } == 3)
  }
}
