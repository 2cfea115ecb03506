import Benchmarks
import Testing

@Suite struct LinkTests {
  private static let link = Link(latency: 1e-5, bandwidth: 1e9)
  /// Rounding of a few operations.
  private static let tolerance = 1e-12

  /// ranks, bytes, seconds by ring and by doubling, computed by hand from α = 10 µs and 1 ns a
  /// byte.
  private static let cases: [(ranks: Int, bytes: Int, ring: Double, doubling: Double)] = [
    (1, 4_000_000, 0, 0),
    // 2·1·(10 µs + 2 ms); 1·(10 µs + 4 ms).
    (2, 4_000_000, 4.02e-3, 4.01e-3),
    // 2·2·(10 µs + 1 ms); two exchanges and one for the third rank.
    (3, 3_000_000, 4.04e-3, 9.03e-3),
    // 2·3·(10 µs + 1 ms); 2·(10 µs + 4 ms).
    (4, 4_000_000, 6.06e-3, 8.02e-3),
    // 2·1023·(10 µs + 0); 10·10 µs.
    (1024, 0, 2.046e-2, 1e-4),
  ]

  @Test("ring and doubling take what the formulas say", arguments: cases.indices)
  func formulas(index: Int) {
    let found = Self.cases[index]
    let ring = Self.link.sumSeconds(bytes: found.bytes, ranks: found.ranks, by: .ring)
    let doubling = Self.link.sumSeconds(bytes: found.bytes, ranks: found.ranks, by: .doubling)
    #expect(abs(ring - found.ring) < Self.tolerance, "ring: \(ring)")
    #expect(abs(doubling - found.doubling) < Self.tolerance, "doubling: \(doubling)")
    let best = Self.link.sumSeconds(bytes: found.bytes, ranks: found.ranks)
    #expect(best == min(ring, doubling))
  }

  @Test("a sum never gets faster with more bytes, more latency or less bandwidth")
  func monotonic() {
    for ranks in 2...33 {
      var before = 0.0
      for exponent in 0...26 {
        let bytes = 1 << exponent
        let seconds = Self.link.sumSeconds(bytes: bytes, ranks: ranks)
        #expect(seconds >= before, "\(ranks) ranks, \(bytes) bytes")
        let later = Link(latency: 2e-5, bandwidth: 1e9).sumSeconds(bytes: bytes, ranks: ranks)
        let slower = Link(latency: 1e-5, bandwidth: 5e8).sumSeconds(bytes: bytes, ranks: ranks)
        #expect(later > seconds && slower > seconds)
        before = seconds
      }
    }
  }

  @Test("every rank sends its buffer nearly twice at most")
  func busFactor() {
    #expect(Link.busFactor(ranks: 2) == 1)
    #expect(Link.busFactor(ranks: 4) == 1.5)
    #expect(Link.busFactor(ranks: 1024) == 2046.0 / 1024)
  }

  @Test("assumed links have the bandwidth of their names")
  func assumed() {
    #expect(AssumedLink.all.map(\.name) == ["1 Gb/s", "10 Gb/s", "100 Gb/s"])
    #expect(AssumedLink.all.map(\.link.bandwidth) == [1.25e8, 1.25e9, 1.25e10])
  }
}
