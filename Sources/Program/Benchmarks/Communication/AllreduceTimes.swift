/// Times of allreduces of many sizes, and the link between the ranks.
public struct AllreduceTimes: Sendable, Equatable, Codable {
  /// An allreduce of one size, on the slowest rank.
  public struct Sum: Sendable, Equatable, Codable {
    public let bytes: Int
    public let seconds: Double
    /// The time of the allreduce when it is started and awaited at once, as overlapped ones of
    /// gradients are.
    public let startedSeconds: Double?
    /// Bytes of the buffer per second.
    public let algorithmBandwidth: Double
    /// Bytes per second that a rank has sent at least, 2(n − 1)/n of the buffer.
    public let busBandwidth: Double

    init(bytes: Int, seconds: Double, startedSeconds: Double? = nil, ranks: Int) {
      self.bytes = bytes
      self.seconds = seconds
      self.startedSeconds = startedSeconds
      algorithmBandwidth = Double(bytes) / seconds
      busBandwidth = Link.busFactor(ranks: ranks) * algorithmBandwidth
    }
  }

  /// Broadcasts there and back, which show the bandwidth of the link.
  public struct Transfer: Sendable, Equatable, Codable {
    /// Seconds for one byte from rank 0 to the others.
    public let latency: Double
    /// Bytes per second, of the fastest size.
    public let bandwidth: Double
    /// With two ranks a broadcast is one message; with more it is several.
    public let isPointToPoint: Bool
  }

  public let ranks: Int
  /// The processes whose threads the ranks are; allreduces within one go through its memory.
  public let processes: Int
  public let transfer: Transfer
  /// Allreduces of floats, as for gradients.
  public let sums: [Sum]
  /// Allreduces of doubles, of the sizes of the network's batch norms.
  public let normSums: [Sum]
  public let fit: AllreduceFit?
  /// The fit of floats, started and awaited.
  public let startedFit: AllreduceFit?
}
