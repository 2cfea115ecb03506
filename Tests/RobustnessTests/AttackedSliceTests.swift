import Networks
import Robustness
import TestSupport
import Testing

@Suite struct AttackedSliceTests {
  static let threats = [
    ThreatModel(.l2, epsilon: 0.3), ThreatModel(.linf, epsilon: 0.05),
  ]

  @Test(
    "the record of a sample does not depend on the other samples",
    arguments: SmallNetwork.allCases, threats)
  func independent(network: SmallNetwork, threat: ThreatModel) throws {
    let attacked = try AttackCase(network.architecture(), count: 7)
    for attack in AttackCase.attacks {
      let together = attacked.run(attack, threat, on: [2, 5, 3])
      let beside = attacked.run(attack, threat, on: [2, 6, 0, 4])
      let alone = attacked.run(attack, threat, on: [2])
      for other in [beside[0], alone[0]] {
        #expect(other.record == together[0].record, "\(network) \(attack)")
        #expect(other.point == together[0].point, "\(network) \(attack)")
      }
    }
  }

  @Test(
    "a sample's place in the slice changes nothing but rounding", arguments: SmallNetwork.allCases)
  func places(network: SmallNetwork) throws {
    let attacked = try AttackCase(network.architecture(), count: 4)
    let first = attacked.run(Unperturbed(), ThreatModel(.l2, epsilon: 0), on: [1, 2, 3, 0])
    let other = attacked.run(Unperturbed(), ThreatModel(.l2, epsilon: 0), on: [0, 3, 2, 1])
    let difference = abs(first[0].record.margin - other[3].record.margin)
    // Logits of small networks are near 1.
    #expect(difference < 1e-5)
  }

  @Test(
    "recorded points are inside the ball and the range, and agree with their records",
    arguments: SmallNetwork.allCases, threats)
  func points(network: SmallNetwork, threat: ThreatModel) throws {
    let attacked = try AttackCase(network.architecture())
    let all = Array(0..<AttackCase.capacity)
    for attack in AttackCase.attacks {
      let found = attacked.run(attack, threat, on: all)
      let distances = all.map {
        threat.distance(attacked.slice.foundPoint($0), attacked.slice.image($0))
      }
      for sample in all {
        #expect(
          threat.contains(attacked.slice.foundPoint(sample), around: attacked.slice.image(sample)))
        #expect(found[sample].record.distance == distances[sample])
      }
      let points = AttackCase(attacked, pixels: found.flatMap(\.point))
      for sample in all {
        #expect(points.labels[sample] == found[sample].record.prediction, "\(attack)")
        let isMisclassified = points.labels[sample] != attacked.labels[sample]
        #expect(found[sample].record.isMisclassified == isMisclassified)
      }
    }
  }

  @Test(
    "a misclassified sample is not attacked further, and keeps the passes and point of its success")
  func rests() throws {
    let attacked = try AttackCase(SmallNetwork.vggStandard.architecture())
    let threat = ThreatModel(.l2, epsilon: 2)
    let found = attacked.run(AttackCase.attacks[0], threat, on: [0, 1, 2, 3])
    #expect(found.contains { $0.record.isMisclassified }, "\(found.map(\.record))")
    for sample in found where sample.record.isMisclassified {
      #expect(sample.record.passes == sample.record.foundAt)
    }
  }

  @Test("logits that are not finite are recorded, and end no loop")
  func notFinite() throws {
    let attacked = try AttackCase(SmallNetwork.vggStandard.architecture())
    attacked.model.parameters[0].value.fill(.nan)
    attacked.model.refresh(.evaluation)
    for attack in AttackCase.attacks {
      let found = attacked.run(attack, Self.threats[0], on: [0, 1])
      #expect(found.allSatisfy { !$0.record.isFinite && !$0.record.isMisclassified })
    }
  }
}
