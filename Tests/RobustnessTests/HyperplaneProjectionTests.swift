import RandomNumbers
import Robustness
import Tensors
import TestSupport
import Testing

@Suite struct HyperplaneProjectionTests {
  private static let pixels = 48

  /// w, x and δ.
  private func tensors(seed: UInt64) throws -> (arena: Arena, [Tensor]) {
    let (tensors, arena) = try Arena.plan { (arena: Arena) in
      (0..<3).map { _ in arena.tensor(Shape(samples: 1, height: 4, width: 4, channels: 3)) }
    }
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    generator.fillNormal(tensors[0].buffer, standardDeviation: 1)
    for index in 0..<Self.pixels { tensors[1][index] = Float(generator.uniform()) }
    // Pixels at the ends of the range, and one that the plane does not depend on.
    (tensors[1][0], tensors[1][1], tensors[0][2]) = (0, 1, 0)
    return (arena, tensors)
  }

  /// δ by its definition: t by bisection, instead of Newton's method.
  private func plain(_ w: Tensor, _ x: Tensor, _ target: Double, _ norm: ThreatModel.Norm)
    -> [Double]
  {
    func change(_ t: Double) -> [Double] {
      (0..<Self.pixels).map { index in
        let slope = (target < 0 ? -1 : 1) * Double(w[index])
        if slope == 0 { return 0 }
        let length = norm == .l2 ? t * abs(slope) : t
        return min(max((slope < 0 ? -1 : 1) * length, -Double(x[index])), 1 - Double(x[index]))
      }
    }
    var (low, high) = (0.0, 1e3)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      let moved = zip(change(middle), w.buffer).reduce(0) { $0 + $1.0 * Double($1.1) }
      if abs(moved) < abs(target) { low = middle } else { high = middle }
    }
    return change(high)
  }

  @Test(
    "the change is the shortest one onto the plane within the range, or goes to the nearest corner",
    arguments: ThreatModel.Norm.allCases, [0.0, 0.01, -0.3, 2, -8, 15, -1000])
  func twin(norm: ThreatModel.Norm, target: Double) throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let (arena, tensors) = try tensors(seed: seed)
      let (w, x, change) = (tensors[0], tensors[1], tensors[2])
      let length = HyperplaneProjection(norm).write(along: w, from: x, target: target, into: change)
      let expected = plain(w, x, target, norm)
      for index in 0..<Self.pixels {
        #expect(abs(Double(change[index]) - expected[index]) < 1e-6, "pixel \(index)")
      }
      let expectedLength =
        norm == .l2
        ? expected.reduce(0) { $0 + $1 * $1 }.squareRoot() : expected.map(abs).max() ?? 0
      #expect(abs(length - expectedLength) < 1e-9 * max(1, expectedLength))
      withExtendedLifetime(arena) {}
    }
  }
}
