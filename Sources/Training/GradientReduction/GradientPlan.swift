import Recipes

/// How gradients are summed over ranks: how large a bucket is, and when its sum is made.
///
/// In the reproducible order the plan changes no bit of the sums. In the default order, with three ranks or
/// more, their rounding depends on it.
public struct GradientPlan: Codable, Sendable, Equatable {
  public enum Strategy: String, Codable, CaseIterable, Sendable {
    /// A bucket is summed when it is complete, and the sweep goes on afterwards.
    ///
    /// Wins where ranks share a machine whose cores are all busy: nothing could move beside them.
    case blocking
    /// A bucket's sum is started when it is complete, and proceeds in small parts beside the sweep.
    ///
    /// Wins over a link that is slow, next to which pushing the parts takes little from the ranks' cores.
    case nonblocking
  }

  public var strategy: Strategy
  /// MiB of gradients that a bucket holds at least.
  public var bucketMegabytes: Double

  public init(_ strategy: Strategy = .blocking, bucketMegabytes: Double = 4) {
    self.strategy = strategy
    self.bucketMegabytes = bucketMegabytes
  }

  public var bucketBytes: Int { Int(bucketMegabytes * 1_048_576) }

  private enum CodingKeys: String, CodingKey {
    case strategy = "gradient-sum"
    case bucketMegabytes = "bucket-megabytes"
  }
}

extension GradientPlan: CustomStringConvertible {
  public var description: String {
    let isWhole = bucketMegabytes == bucketMegabytes.rounded()
    return "\(strategy.rawValue) \(isWhole ? "\(Int(bucketMegabytes))" : "\(bucketMegabytes)") MiB"
  }
}

extension Recipe {
  /// Buckets that latency does not dominate, to one that leaves little to overlap.
  private static let bucketSizes = [4.0, 16, 1]

  /// The plans among which a run may choose, the plainest first.
  ///
  /// Blocking sums are hardly faster in small buckets, so the smallest are for the others only.
  package var gradientPlans: [GradientPlan] {
    let strategies: [GradientPlan.Strategy] =
      switch self.gradientSum {
      case .auto: [.blocking, .nonblocking]
      case .blocking: [.blocking]
      case .nonblocking: [.nonblocking]
      }
    return strategies.flatMap { strategy in
      let sizes = strategy == .blocking ? Self.bucketSizes.filter { $0 > 1 } : Self.bucketSizes
      return (self.bucketMegabytes.map { [$0] } ?? sizes).map {
        GradientPlan(strategy, bucketMegabytes: $0)
      }
    }
  }
}
