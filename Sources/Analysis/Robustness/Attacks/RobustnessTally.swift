import Failures

/// The findings of attacks for every sample, epsilon by epsilon, from the smallest.
///
/// An adversarial example at one epsilon is one at every larger epsilon, so a misclassified sample
/// stays misclassified and is not attacked again: robust accuracy never rises with epsilon.
public struct RobustnessTally: Sendable {
  /// The finding for a sample at one epsilon.
  public struct Finding: Sendable, Equatable {
    /// The point with the smallest margin, over all attacks at this epsilon.
    ///
    /// If a smaller epsilon sufficed, it is the point found there.
    public fileprivate(set) var record: AttackRecord
    /// The attack that found the point; nil for the image itself.
    public fileprivate(set) var attack: AttackPlan.Kind?
    /// The epsilon at which the attack found the point; nil for the image itself.
    public fileprivate(set) var epsilon: Double?
    /// Whether a gradient of an attack was zero.
    public fileprivate(set) var hasZeroGradient = false
    /// Whether no step of PGD or Auto-PGD on the cross-entropy raised it above its value at the
    /// start.
    public fileprivate(set) var hasNoGrowth = false
    /// The number of forward passes at this epsilon.
    public fileprivate(set) var passes = 0
  }

  public let plan: AttackPlan
  /// The records at the images themselves.
  public let clean: [AttackRecord]
  /// One finding per sample, for each epsilon that has begun.
  public private(set) var findings: [[Finding]] = []

  public init(_ plan: AttackPlan, clean: [AttackRecord]) {
    require(!clean.isEmpty, "no samples")
    self.plan = plan
    self.clean = clean
  }

  /// Begins the next larger epsilon.
  public mutating func beginNextEpsilon() {
    let before = findings.last
    findings.append(
      clean.indices.map { sample in
        if let found = before?[sample], found.record.isMisclassified {
          return Finding(record: found.record, attack: found.attack, epsilon: found.epsilon)
        }
        return Finding(record: clean[sample], attack: nil, epsilon: nil)
      })
  }

  /// The samples that are not misclassified at the present epsilon, in their order.
  public var survivors: [Int] {
    guard let findings = findings.last else { return [] }
    return findings.indices.filter { !findings[$0].record.isMisclassified }
  }

  /// Records the result of an attack on a survivor at the present epsilon.
  public mutating func add(_ record: AttackRecord, of sample: Int, by kind: AttackPlan.Kind) {
    let present = findings.count - 1
    require(present >= 0, "no epsilon has begun")
    var finding = findings[present][sample]
    require(!finding.record.isMisclassified, "sample \(sample) was misclassified before \(kind)")
    if record.isMisclassified || finding.attack == nil || record.margin < finding.record.margin {
      finding.record = record
      finding.attack = kind
      finding.epsilon = plan.epsilons[present]
    }
    finding.passes += record.passes
    if kind.isGradientBased && record.hasZeroGradient { finding.hasZeroGradient = true }
    if kind == .pgd || kind == .apgdCrossEntropy {
      finding.hasNoGrowth = finding.hasNoGrowth || !(record.isMisclassified || record.hasGrown)
    }
    findings[present][sample] = finding
  }

  public var summary: RobustnessSummary { RobustnessSummary(self) }
}
