import Failures

/// What attacks have found of every sample, distance by distance, from the smallest.
///
/// An adversarial example at a distance is one at every larger distance, so a broken sample stays
/// broken and is not attacked again: robust accuracy never rises with ε.
public struct RobustnessTally: Sendable {
  /// What is known of a sample at a distance.
  public struct Finding: Sendable, Equatable {
    /// The point with the smallest margin, over all attacks at this distance; that of the smaller
    /// distance where the sample was broken there.
    public fileprivate(set) var record: AttackRecord
    /// What found the point; nil for the image itself.
    public fileprivate(set) var attack: AttackPlan.Kind?
    /// The distance at which it was looked for; nil for the image itself.
    public fileprivate(set) var epsilon: Double?
    /// Whether the first gradient that was asked for, or a later one, was zero.
    public fileprivate(set) var hasZeroGradient = false
    /// Whether no step of PGD or Auto-PGD on the cross-entropy raised it above that of the start.
    public fileprivate(set) var hasNoGrowth = false
    /// Forward passes at this distance.
    public fileprivate(set) var passes = 0
  }

  public let plan: AttackPlan
  /// At the images.
  public let clean: [AttackRecord]
  /// Per distance, one per sample; only for the distances begun.
  public private(set) var findings: [[Finding]] = []

  public init(_ plan: AttackPlan, clean: [AttackRecord]) {
    require(!clean.isEmpty, "no samples")
    self.plan = plan
    self.clean = clean
  }

  /// Turns to the next larger distance.
  public mutating func beginNextEpsilon() {
    let before = findings.last
    findings.append(
      clean.indices.map { sample in
        if let broken = before?[sample], broken.record.isBroken {
          return Finding(record: broken.record, attack: broken.attack, epsilon: broken.epsilon)
        }
        return Finding(record: clean[sample], attack: nil, epsilon: nil)
      })
  }

  /// The samples that are not broken at the present distance, in their order.
  public var survivors: [Int] {
    guard let findings = findings.last else { return [] }
    return findings.indices.filter { !findings[$0].record.isBroken }
  }

  /// Takes note of what an attack found of a survivor at the present distance.
  public mutating func add(_ record: AttackRecord, of sample: Int, by kind: AttackPlan.Kind) {
    let present = findings.count - 1
    require(present >= 0, "no distance has begun")
    var finding = findings[present][sample]
    require(!finding.record.isBroken, "sample \(sample) was broken before \(kind)")
    if record.isBroken || finding.attack == nil || record.margin < finding.record.margin {
      finding.record = record
      finding.attack = kind
      finding.epsilon = plan.epsilons[present]
    }
    finding.passes += record.passes
    if kind.isGradientBased && record.hasZeroGradient { finding.hasZeroGradient = true }
    if kind == .pgd || kind == .apgdCrossEntropy {
      finding.hasNoGrowth = finding.hasNoGrowth || !(record.isBroken || record.hasGrown)
    }
    findings[present][sample] = finding
  }

  public var summary: RobustnessSummary { RobustnessSummary(self) }
}
