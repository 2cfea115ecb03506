import RandomNumbers
import Robustness
import Tensors
import Testing

/// Images and points in an arena that a test keeps alive.
struct Points {
  static let shape: Shape = [1, 5, 7, 3]
  let image: Tensor
  let point: Tensor
  let spare: Tensor
  private let arena: Arena

  init(seed: UInt64) throws {
    ((image, point, spare), arena) = try Arena.plan {
      ($0.tensor(Self.shape), $0.tensor(Self.shape), $0.tensor(Self.shape))
    }
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    for index in 0..<image.count {
      // Pixels at the ends of the range are as common as in real images.
      image[index] = Float(min(max(1.4 * generator.uniform() - 0.2, 0), 1))
    }
  }
}

@Suite struct ThreatModelTests {
  static let radii = [0, 1e-4, 1 / 255.0, 0.05, 0.2, 0.7, 3]

  @Test("a projected point is inside to the last bit", arguments: ThreatModel.Norm.allCases, radii)
  func inside(norm: ThreatModel.Norm, epsilon: Double) throws {
    let threat = ThreatModel(norm, epsilon: epsilon)
    for seed: UInt64 in 0..<50 {
      let points = try Points(seed: seed)
      var generator = KeyedGenerator(seed: seed, purpose: .probe)
      generator.fillNormal(points.point.buffer, standardDeviation: 0.3)
      threat.project(points.point, around: points.image)
      #expect(threat.distance(points.point, points.image) <= epsilon * (1 + 1e-12))
      #expect(points.point.buffer.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(threat.contains(points.point, around: points.image))
    }
  }

  @Test("a point inside is left as it is", arguments: ThreatModel.Norm.allCases)
  func idempotent(norm: ThreatModel.Norm) throws {
    let threat = ThreatModel(norm, epsilon: 0.1)
    let points = try Points(seed: 1)
    var generator = KeyedGenerator(seed: 1, purpose: .probe)
    threat.writeRandomPoint(around: points.image, using: &generator, into: points.point)
    points.spare.copy(from: points.point)
    threat.project(points.point, around: points.image)
    #expect(Array(points.point.buffer) == Array(points.spare.buffer))
  }

  @Test("without clipping the L2 projection keeps the direction and has the ball's radius")
  func radial() throws {
    let threat = ThreatModel(.l2, epsilon: 0.2, pixels: .unbounded)
    let points = try Points(seed: 2)
    var generator = KeyedGenerator(seed: 2, purpose: .probe)
    generator.fillNormal(points.point.buffer, standardDeviation: 1)
    let before = zip(points.point.buffer, points.image.buffer).map { Double($0) - Double($1) }
    let norm = before.reduce(0) { $0 + $1 * $1 }.squareRoot()
    threat.project(points.point, around: points.image)
    for (index, value) in before.enumerated() {
      let expected = Double(points.image[index]) + value * 0.2 / norm
      // Two roundings of numbers near 1, and the last bits that the ball's edge costs.
      #expect(abs(Double(points.point[index]) - expected) < 4e-7)
    }
    #expect(threat.distance(points.point, points.image) > 0.2 * (1 - 1e-5))
  }

  @Test("a point outside the ball or the range is recognised", arguments: ThreatModel.Norm.allCases)
  func outside(norm: ThreatModel.Norm) throws {
    let threat = ThreatModel(norm, epsilon: 0.1)
    let points = try Points(seed: 3)
    points.image.fill(0.05)
    points.point.fill(0.05)
    points.point[4] = 0.1501
    #expect(!threat.contains(points.point, around: points.image))
    points.point[4] = -0.001
    #expect(!threat.contains(points.point, around: points.image))
    points.point[4] = 0.1
    #expect(threat.contains(points.point, around: points.image))
    points.point[4] = .nan
    #expect(!threat.contains(points.point, around: points.image))
  }

  @Test("a step climbs a linear function by length times its dual norm")
  func ascent() throws {
    let points = try Points(seed: 4)
    var generator = KeyedGenerator(seed: 4, purpose: .probe)
    generator.fillNormal(points.spare.buffer, standardDeviation: 2)
    let slope = points.spare.buffer.map(Double.init)
    for (norm, dual) in [
      (ThreatModel.Norm.l2, slope.reduce(0) { $0 + $1 * $1 }.squareRoot()),
      (.linf, slope.reduce(0) { $0 + abs($1) }),
    ] {
      points.point.copy(from: points.image)
      ThreatModel(norm, epsilon: 1).ascend(points.point, along: points.spare, by: 0.01)
      let climbed = slope.indices.reduce(0) {
        $0 + slope[$1] * (Double(points.point[$1]) - Double(points.image[$1]))
      }
      #expect(abs(climbed - 0.01 * dual) < 1e-4 * 0.01 * dual, "\(norm)")
    }
    points.spare.fill(0)
    points.point.copy(from: points.image)
    ThreatModel(.l2, epsilon: 1).ascend(points.point, along: points.spare, by: 1)
    #expect(Array(points.point.buffer) == Array(points.image.buffer))
  }
}
