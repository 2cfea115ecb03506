import Benchmarks
import Testing

@Suite struct AllreduceFitTests {
  private func points(_ seconds: (Int) -> Double) -> [AllreduceFit.Point] {
    [4, 64, 1024, 65_536, 1 << 20, 1 << 24].map {
      AllreduceFit.Point(bytes: $0, seconds: seconds($0))
    }
  }

  @Test("a line is found again, and the link behind it")
  func line() throws {
    let fit = try #require(AllreduceFit(points { 2e-5 + Double($0) / 1e9 }))
    // Sums of squares of numbers that are seven orders apart.
    #expect(abs(fit.latency / 2e-5 - 1) < 1e-6 && abs(fit.secondsPerByte / 1e-9 - 1) < 1e-6)
    #expect(fit.largestError < 1e-6)
    // Four ranks: two exchanges of α each; 2·3/4 of the bytes on the link.
    let link = try #require(fit.link(ranks: 4))
    #expect(abs(link.latency / 1e-5 - 1) < 1e-6 && abs(link.bandwidth / 1.5e9 - 1) < 1e-6)
    #expect(fit.link(ranks: 1) == nil)
  }

  @Test("small sums count as much as large ones")
  func relative() throws {
    // One of six points off by a half: the error is shared, and no point is forgotten.
    let fit = try #require(AllreduceFit(points { (2e-5 + Double($0) / 1e9) * ($0 == 4 ? 1.5 : 1) }))
    #expect(fit.latency > 2e-5 && fit.latency < 3e-5, "\(fit)")
    #expect(fit.largestError > 0.1 && fit.largestError < 0.5, "\(fit)")
  }

  @Test("neither latency nor time per byte is negative")
  func signs() throws {
    let falling = try #require(AllreduceFit(points { 1e-3 - Double($0) * 1e-12 }))
    #expect(falling.secondsPerByte == 0 && falling.latency > 0)
    #expect(falling.link(ranks: 2) == nil)
    let throughOrigin = try #require(AllreduceFit(points { Double($0) * Double($0) * 1e-15 }))
    #expect(throughOrigin.latency == 0 && throughOrigin.secondsPerByte > 0)
  }

  @Test("one size is no line")
  func tooFew() {
    #expect(AllreduceFit([]) == nil)
    #expect(
      AllreduceFit([
        AllreduceFit.Point(bytes: 8, seconds: 1e-5), AllreduceFit.Point(bytes: 8, seconds: 2e-5),
      ]) == nil
    )
  }
}
