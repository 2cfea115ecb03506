import Curvature
import Foundation
import Networks
import TestSupport
import Testing

@Suite struct NormalizedCurvatureTests {
  @Test(
    "the power iteration finds the norms of the dense Hessian",
    arguments: [SmallNetwork.resNetLowCurvature, .vggLowCurvature])
  func dense(network: SmallNetwork) throws {
    let curvature = try CurvatureCase(network)
    let gradient = curvature.gradient(at: curvature.pixels)
    let stride = curvature.model.input.shape.stride
    // Column k of every sample's Hessian by the k-th unit vector.
    var columns: [[Float]] = []
    for k in 0..<stride {
      var unit = [Float](repeating: 0, count: gradient.count)
      for rows in curvature.rows { unit[rows.lowerBound + k] = 1 }
      columns.append(curvature.apply(unit))
    }
    let samples = curvature.measure(from: curvature.directions(seed: 9), iterations: 200)
    for (sample, rows) in zip(samples, curvature.rows) {
      let largest = spectralNorm(columns.map { Array($0[rows]) })
      let norm = curvature.dot(gradient, gradient, rows).squareRoot()
      print("\(network): ‖H‖ \(sample.hessianNorm), dense \(largest), ‖∇f‖ \(sample.gradientNorm)")
      // 200 iterations are within 1e-4 unless two eigenvalues are within a percent of each other.
      #expect(abs(sample.hessianNorm - largest) < 1e-3 * largest)
      #expect(abs(sample.gradientNorm - norm) < 1e-6 * norm)
      let ratio = sample.hessianNorm / (sample.gradientNorm + 1e-6)
      #expect(abs(sample.curvature - ratio) < 1e-12 * ratio)
    }
  }

  @Test("a zero direction stays zero")
  func zeroDirection() throws {
    let curvature = try CurvatureCase(.vggLowCurvature)
    let zeros = [Float](repeating: 0, count: curvature.pixels.count)
    let samples = curvature.measure(from: zeros, iterations: 2)
    #expect(samples.allSatisfy { $0.hessianNorm == 0 && $0.gradientNorm > 0 })
  }

  /// The largest |eigenvalue| of a symmetric matrix, in double precision.
  private func spectralNorm(_ columns: [[Float]]) -> Double {
    var v = columns.indices.map { 1 + sin(Double($0)) }
    var norm = 0.0
    for _ in 0..<2000 {
      var image = [Double](repeating: 0, count: v.count)
      for (column, scale) in zip(columns, v) {
        for row in image.indices { image[row] += scale * Double(column[row]) }
      }
      norm = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      v = image.map { $0 / norm }
    }
    return norm
  }
}
