import MessagePassing

/// The step times of an epoch, or of its part since this start.
public struct EpochTimes: Sendable, Equatable {
  /// The values that half of the steps, and 95 % of them, do not exceed; in seconds.
  public struct Quantiles: Sendable, Equatable {
    public let half: Double
    public let most: Double

    /// Quantiles by nearest rank; nil without values.
    public init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let sorted = values.sorted()
      func value(_ percent: Int) -> Double {
        sorted[max(0, (percent * sorted.count + 99) / 100 - 1)]
      }
      half = value(50)
      most = value(95)
    }

    fileprivate init(half: Double, most: Double) {
      self.half = half
      self.most = most
    }
  }

  public let steps: Int
  /// Rank 0's steps as a whole, and by their parts.
  public let total: Quantiles
  public let data: Quantiles
  public let compute: Quantiles
  public let gradients: Quantiles
  public let batchNorm: Quantiles
  /// Each part's sum over rank 0's steps.
  public let sum: StepTimes
  /// Each rank's time without waiting for others, and its host.
  public let ranks: [Quantiles]
  public let hosts: [String]

  /// - Parameter steps: this rank's.
  ///
  /// Collective. Nil, on every rank, without steps.
  package init?(_ steps: [StepTimes], hosts: [String], communicator: any Communicator) {
    guard let total = Quantiles(steps.map(\.total)), let data = Quantiles(steps.map(\.data)),
      let compute = Quantiles(steps.map(\.compute)),
      let gradients = Quantiles(steps.map(\.gradients)),
      let batchNorm = Quantiles(steps.map(\.batchNorm)), let local = Quantiles(steps.map(\.local))
    else { return nil }
    self.steps = steps.count
    self.hosts = hosts
    self.total = total
    self.data = data
    self.compute = compute
    self.gradients = gradients
    self.batchNorm = batchNorm
    sum = steps.reduce(StepTimes(), +)
    ranks = communicator.allGather(withUnsafeBytes(of: (local.half, local.most)) { Array($0) })
      .map { bytes in
        bytes.withUnsafeBytes {
          Quantiles(
            half: $0.loadUnaligned(as: Double.self),
            most: $0.loadUnaligned(fromByteOffset: 8, as: Double.self))
        }
      }
  }

  /// The members of a line of `timings.jsonl`.
  var members: String {
    func pair(_ name: String, _ quantiles: Quantiles) -> String {
      "\"\(name)-p50\": \(quantiles.half), \"\(name)-p95\": \(quantiles.most)"
    }
    let ranks = zip(hosts, ranks).map { "{\"host\": \"\($0)\", \(pair("own", $1))}" }
    return [
      "\"steps\": \(steps)", "\"data-wait-seconds\": \(sum.data)", pair("step", total),
      pair("compute", compute), pair("gradients", gradients), pair("batch-norm", batchNorm),
      pair("data-wait", data), "\"ranks\": [\(ranks.joined(separator: ", "))]",
    ].joined(separator: ", ")
  }
}
