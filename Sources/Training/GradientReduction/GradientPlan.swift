/// How gradients are reduced over ranks: the size of a bucket, and the time of its allreduce.
///
/// In the reproducible order the plan changes no bit of the sums. In the default order, with three
/// ranks or more, their rounding depends on it.
public struct GradientPlan: Codable, Sendable, Equatable {
  public enum Strategy: String, Codable, CaseIterable, Sendable {
    /// A complete bucket is reduced at once, and the backward sweep goes on afterwards.
    ///
    /// Wins on a node whose cores are all busy: no core is left to move data beside the sweep.
    case blocking
    /// The allreduce of a complete bucket is started, and overlaps with the sweep in small parts.
    ///
    /// Wins over a slow link, beside which progressing the parts takes little from the ranks'
    /// cores.
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

/// The gradient plan of a run, and the reason for it.
public struct GradientChoice: Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    /// There is one rank.
    case alone
    /// The recipe leaves one plan.
    case given
    /// All plans make the same collectives.
    case onlyOne
    /// There are too few steps to be worth a measurement: the plainest plan.
    case shortRun
    /// An earlier start of the run settled it, with as many ranks and threads.
    case stored
    /// The fastest of the plans that were tried, each with the time of a step.
    case measured([GradientMeasurement])
  }

  public let plan: GradientPlan
  public let reason: Reason
}
