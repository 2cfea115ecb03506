import Failures

/// What connects ranks: α seconds for a message, and bytes per second.
public struct Link: Sendable, Equatable, Codable {
  /// α, in seconds: from the start of a short message to its arrival.
  public var latency: Double
  /// 1/β, in bytes per second, one way.
  public var bandwidth: Double

  public init(latency: Double, bandwidth: Double) {
    require(latency >= 0 && bandwidth > 0, "a link of \(latency) s and \(bandwidth) B/s")
    self.latency = latency
    self.bandwidth = bandwidth
  }

  /// How ranks add their buffers up, so that each has the sum.
  public enum Algorithm: String, Sendable, CaseIterable, Codable {
    /// Everybody sends 2(n − 1) parts of m/n bytes to the next: fewest bytes.
    case ring
    /// ⌈log₂ n⌉ exchanges of all m bytes: fewest messages. (Between powers of two one more.)
    case doubling
  }

  /// Seconds that `ranks` take to sum `bytes` by an algorithm; 0 for one rank.
  ///
  /// Ring: 2(n − 1)(α + m/(n·B)); doubling: (⌈log₂ n⌉ + [n no power of 2])·(α + m/B). The additions
  /// themselves are left out.
  public func sumSeconds(bytes: Int, ranks: Int, by algorithm: Algorithm) -> Double {
    require(ranks > 0 && bytes >= 0, "a sum of \(bytes) bytes over \(ranks) ranks")
    guard ranks > 1 else { return 0 }
    switch algorithm {
    case .ring:
      let part = Double(bytes) / Double(ranks)
      return 2 * Double(ranks - 1) * (latency + part / bandwidth)
    case .doubling:
      return Double(Link.exchanges(ranks: ranks)) * (latency + Double(bytes) / bandwidth)
    }
  }

  /// The same by the algorithm that is faster for so many bytes, as MPI libraries choose.
  public func sumSeconds(bytes: Int, ranks: Int) -> Double {
    Algorithm.allCases.map { sumSeconds(bytes: bytes, ranks: ranks, by: $0) }.min() ?? 0
  }

  /// 2(n − 1)/n: how often a rank must send its buffer at least, whatever the algorithm.
  public static func busFactor(ranks: Int) -> Double {
    2 * Double(ranks - 1) / Double(ranks)
  }

  static func exchanges(ranks: Int) -> Int {
    let logarithm = Int.bitWidth - (ranks - 1).leadingZeroBitCount
    let isPowerOfTwo = ranks & (ranks - 1) == 0
    return logarithm + (isPowerOfTwo ? 0 : 1)
  }
}

/// A link that ranks may be connected by, for extrapolation: its bandwidth is its name's, its latency assumed.
public struct AssumedLink: Sendable, Equatable {
  public let name: String
  public let link: Link

  public init(name: String, link: Link) {
    self.name = name
    self.link = link
  }

  /// What 1, 10 and 100 Gb/s usually are: TCP over Ethernet, twice, and RDMA.
  public static let all = [
    AssumedLink(name: "1 Gb/s", link: Link(latency: 50e-6, bandwidth: 1e9 / 8)),
    AssumedLink(name: "10 Gb/s", link: Link(latency: 25e-6, bandwidth: 10e9 / 8)),
    AssumedLink(name: "100 Gb/s", link: Link(latency: 3e-6, bandwidth: 100e9 / 8)),
  ]
}
