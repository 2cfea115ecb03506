import Testing
import Training

@Suite struct EpochTimesTests {
  @Test("half of the values do not exceed the one quantile, and 95 % not the other")
  func quantiles() throws {
    let hundred = try #require(EpochTimes.Quantiles((1...100).reversed().map(Double.init)))
    #expect(hundred.half == 50 && hundred.most == 95)
    let three = try #require(EpochTimes.Quantiles([3, 1, 2]))
    #expect(three.half == 2 && three.most == 3)
    let one = try #require(EpochTimes.Quantiles([7]))
    #expect(one.half == 7 && one.most == 7)
    #expect(EpochTimes.Quantiles([]) == nil)
  }

  @Test("a step's parts add to the whole, and its own are those that no other rank decides")
  func parts() {
    let times = StepTimes(data: 1, compute: 10, gradients: 100, batchNorm: 1000)
    #expect(times.total == 1111 && times.local == 11)
  }
}
