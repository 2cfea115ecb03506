import Failures

/// A connection between ranks: α seconds for a message, and bytes per second.
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

  /// An algorithm of allreduce.
  public enum Algorithm: String, Sendable, CaseIterable, Codable {
    /// Every rank sends 2(n − 1) parts of m/n bytes to the next: fewest bytes.
    case ring
    /// ⌈log₂ n⌉ exchanges of all m bytes: fewest messages. (Between powers of two one more.)
    case doubling
  }

  /// Seconds of an allreduce of `bytes` over `ranks` by an algorithm; 0 for one rank.
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

  /// Seconds of an allreduce by the algorithm that is faster for so many bytes, as MPI libraries
  /// choose.
  public func sumSeconds(bytes: Int, ranks: Int) -> Double {
    Algorithm.allCases.map { sumSeconds(bytes: bytes, ranks: ranks, by: $0) }.min() ?? 0
  }

  /// 2(n − 1)/n: the least number of times that a rank sends its buffer, whatever the algorithm.
  public static func busFactor(ranks: Int) -> Double {
    2 * Double(ranks - 1) / Double(ranks)
  }

  static func exchanges(ranks: Int) -> Int {
    let logarithm = Int.bitWidth - (ranks - 1).leadingZeroBitCount
    let isPowerOfTwo = ranks & (ranks - 1) == 0
    return logarithm + (isPowerOfTwo ? 0 : 1)
  }
}

/// A link to extrapolate to, of the bandwidth in its name and an assumed latency.
public struct AssumedLink: Sendable, Equatable {
  public let name: String
  public let link: Link

  public init(name: String, link: Link) {
    self.name = name
    self.link = link
  }

  /// TCP over Ethernet at 1 and 10 Gb/s, and RDMA at 100 Gb/s.
  public static let all = [
    AssumedLink(name: "1 Gb/s", link: Link(latency: 50e-6, bandwidth: 1e9 / 8)),
    AssumedLink(name: "10 Gb/s", link: Link(latency: 25e-6, bandwidth: 10e9 / 8)),
    AssumedLink(name: "100 Gb/s", link: Link(latency: 3e-6, bandwidth: 100e9 / 8)),
  ]
}
