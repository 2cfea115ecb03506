import Benchmarks
import Testing

@Suite struct PairedRatiosTests {
  /// From tables of the sign test: so many of the sorted values are outside, on either side.
  @Test(
    "an interval of 95 % for the median leaves out as many values as the tables of the sign test",
    arguments: [(6, 0), (8, 0), (9, 1), (20, 5), (40, 13), (100, 39)])
  func interval(count: Int, outside: Int) throws {
    let ratios = PairedRatios((0..<count).map(Double.init).reversed())
    let interval = try #require(ratios.interval)
    #expect(interval.low == Double(outside) && interval.high == Double(count - 1 - outside))
  }

  @Test("thousands of values have an interval too")
  func many() throws {
    let ratios = PairedRatios((0..<10_000).map(Double.init))
    let interval = try #require(ratios.interval)
    // By the normal distribution, 5000 ± 1.96·√10,000/2.
    #expect(abs(interval.low - 4901.5) < 2 && abs(interval.high - 5097.5) < 2)
  }

  @Test("five values or fewer cannot say where the median is with 95 %", arguments: 1...5)
  func few(count: Int) {
    #expect(PairedRatios(Array(repeating: 1, count: count)).interval == nil)
  }

  @Test("median and middle half are those of the sorted values, which stay as measured")
  func middle() {
    let values = [1.3, 0.9, 1.0, 1.1, 0.2, 7, 1.2, 0.8]
    let ratios = PairedRatios(values)
    #expect(ratios.values == values)
    #expect(abs(ratios.median - 1.05) < 1e-12)
    #expect(ratios.middleHalf.low == 0.9 && ratios.middleHalf.high == 1.2)
  }
}
