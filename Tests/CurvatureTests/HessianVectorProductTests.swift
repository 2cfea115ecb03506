import Curvature
import Networks
import TestSupport
import Testing

@Suite struct HessianVectorProductTests {
  /// Float32 passes through some ten layers are off by 1e-6 of the largest value; ten times that.
  static let rounding = 1e-5

  @Test("the product is symmetric, sample by sample", arguments: SmallNetwork.allCases)
  func symmetric(network: SmallNetwork) throws {
    let curvature = try CurvatureCase(network)
    _ = curvature.gradient(at: curvature.pixels)
    let u = curvature.directions(seed: 1)
    let v = curvature.directions(seed: 2)
    let (hu, hv) = (curvature.apply(u), curvature.apply(v))
    for rows in curvature.rows {
      let (a, b) = (curvature.dot(u, hv, rows), curvature.dot(v, hu, rows))
      let magnitude = max(
        curvature.dot(hu, hu, rows).squareRoot(), curvature.dot(hv, hv, rows).squareRoot())
      #expect(magnitude > 0)
      #expect(abs(a - b) <= Self.rounding * magnitude, "u·Hv \(a), v·Hu \(b), ‖H·‖ \(magnitude)")
    }
  }

  @Test("the product is linear in the direction", arguments: SmallNetwork.allCases)
  func linear(network: SmallNetwork) throws {
    let curvature = try CurvatureCase(network)
    _ = curvature.gradient(at: curvature.pixels)
    let u = curvature.directions(seed: 1)
    let v = curvature.directions(seed: 2)
    let (hu, hv) = (curvature.apply(u), curvature.apply(v))
    let found = curvature.apply(zip(u, v).map { 2 * $0 - 3 * $1 })
    let expected = zip(hu, hv).map { 2 * Double($0) - 3 * Double($1) }
    let comparison = Comparison("H(2u − 3v)", found, expected)
    #expect(comparison.isWithin(Self.rounding), "\(comparison)")
  }

  @Test(
    "the product is the central difference of the input gradient", arguments: SmallNetwork.allCases)
  func centralDifferences(network: SmallNetwork) throws {
    // Larger steps cross a tie of the VGG's maximum pooling, where the gradient jumps; in this one
    // the gradient's rounding, 1e-7 of it, becomes some 1e-3 of the difference.
    let step: Float = 2e-3
    let tolerance = 5e-3
    let curvature = try CurvatureCase(network)
    let pixels = curvature.pixels
    let v = curvature.directions(seed: 5)
    let above = curvature.gradient(at: zip(pixels, v).map { $0 + step * $1 })
    let below = curvature.gradient(at: zip(pixels, v).map { $0 - step * $1 })
    let expected = zip(above, below).map { (Double($0) - Double($1)) / (2 * Double(step)) }
    _ = curvature.gradient(at: pixels)
    let comparison = Comparison("\(network)", curvature.apply(v), expected)
    #expect(comparison.isWithin(tolerance), "\(comparison)")
  }
}
