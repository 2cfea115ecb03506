/// The line L + m/W through measured times of allreduces: seconds for m bytes.
///
/// L is the latency of a whole allreduce, W its algorithm bandwidth. The fit minimises relative
/// errors, so that an allreduce of bytes counts as much as one of megabytes.
public struct AllreduceFit: Sendable, Equatable, Codable {
  /// A measured allreduce.
  public struct Point: Sendable, Equatable, Codable {
    public let bytes: Int
    public let seconds: Double

    public init(bytes: Int, seconds: Double) {
      self.bytes = bytes
      self.seconds = seconds
    }
  }

  /// L, in seconds.
  public let latency: Double
  /// 1/W, in seconds per byte.
  public let secondsPerByte: Double
  /// The largest of |fit − measured|/measured.
  public let largestError: Double

  /// Least squares of (L + m/W)/t − 1; neither may be negative.
  ///
  /// Nil for fewer than two different sizes.
  public init?(_ points: [Point]) {
    guard Set(points.map(\.bytes)).count > 1, points.allSatisfy({ $0.seconds > 0 }) else {
      return nil
    }
    // With a = 1/t and b = m/t: minimise Σ (L·a + b/W − 1)².
    var (aa, ab, bb, a1, b1) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for point in points {
      let (a, b) = (1 / point.seconds, Double(point.bytes) / point.seconds)
      aa += a * a
      ab += a * b
      bb += b * b
      a1 += a
      b1 += b
    }
    let determinant = aa * bb - ab * ab
    var (latency, slope) = ((a1 * bb - b1 * ab) / determinant, (b1 * aa - a1 * ab) / determinant)
    // On the border of what is allowed the other one alone fits best.
    if latency < 0 { (latency, slope) = (0, b1 / bb) }
    if slope < 0 { (latency, slope) = (a1 / aa, 0) }
    self.latency = latency
    secondsPerByte = slope
    largestError =
      points.map { abs((latency + Double($0.bytes) * slope) / $0.seconds - 1) }.max() ?? 0
  }

  public func seconds(bytes: Int) -> Double { latency + Double(bytes) * secondsPerByte }

  /// The link whose doubling has this latency and whose ring has this bandwidth; nil if no time
  /// grows.
  public func link(ranks: Int) -> Link? {
    guard secondsPerByte > 0, ranks > 1 else { return nil }
    return Link(
      latency: latency / Double(Link.exchanges(ranks: ranks)),
      bandwidth: Link.busFactor(ranks: ranks) / secondsPerByte)
  }
}
