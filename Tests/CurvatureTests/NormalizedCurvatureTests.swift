import Curvature
import Networks
import TestSupport
import Testing

@Suite struct NormalizedCurvatureTests {
  @Test("curvature is the Hessian's norm over the gradient's", arguments: ScalarFunction.allCases)
  func ratio(function: ScalarFunction) throws {
    let curvature = try CurvatureCase(.resNetLowCurvature, of: function)
    let gradient = curvature.gradient(at: curvature.pixels)
    let samples = try curvature.measure(
      from: curvature.directions(seed: 9), .power(iterations: 5, tolerance: 0))
    for (sample, rows) in zip(samples, curvature.rows) {
      let norm = curvature.dot(gradient, gradient, rows).squareRoot()
      #expect(abs(sample.gradientNorm - norm) < 1e-6 * norm)
      let ratio = sample.hessianNorm / (sample.gradientNorm + 1e-6)
      #expect(abs(sample.curvature - ratio) < 1e-12 * ratio)
      #expect(sample.hessian.products == 5)
    }
  }

  @Test("a zero direction stays zero")
  func zeroDirection() throws {
    let curvature = try CurvatureCase(.vggLowCurvature)
    let zeros = [Float](repeating: 0, count: curvature.pixels.count)
    for estimator in [
      CurvatureEstimator.power(iterations: 2, tolerance: 0), .reference,
      .lanczos(iterations: 2, tolerance: 0),
    ] {
      let samples = try curvature.measure(from: zeros, estimator)
      #expect(samples.allSatisfy { $0.hessianNorm == 0 && $0.gradientNorm > 0 }, "\(estimator)")
      #expect(samples.allSatisfy { $0.hessian.residual == 0 }, "\(estimator)")
    }
  }
}
