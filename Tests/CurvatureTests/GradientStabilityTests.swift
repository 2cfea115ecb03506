import Curvature
import TestSupport
import Testing

@Suite struct GradientStabilityTests {
  static let epsilons = [1e-2, 1e-1]

  private func changes(
    _ curvature: CurvatureCase, directions: Int, seed: UInt64 = 1
  ) throws -> [GradientStability.Change] {
    let stability = try GradientStability(
      curvature.model, of: curvature.product.gradient.function, epsilons: Self.epsilons,
      directions: directions, probes: ProbeDirections(seed: seed))
    curvature.setInput(curvature.pixels)
    return curvature.labels.withUnsafeBufferPointer {
      stability.measure(CurvatureCase.samples, labels: $0, first: 40)
    }
  }

  @Test("a change is the difference of two gradients", arguments: ScalarFunction.allCases)
  func difference(function: ScalarFunction) throws {
    let curvature = try CurvatureCase(.resNetLowCurvature, of: function)
    let found = try changes(curvature, directions: 1)
    #expect(Array(curvature.model.input.value.buffer) == curvature.pixels, "pixels were changed")
    let gradient = curvature.gradient(at: curvature.pixels)
    let stride = curvature.model.input.shape.stride
    for (index, epsilon) in Self.epsilons.enumerated() {
      var moved = curvature.pixels
      for (sample, rows) in curvature.rows.enumerated() {
        let tangent = curvature.model.input.tangent.slice(sample..<sample + 1)
        ProbeDirections(seed: 1).write(sample: 40 + sample, number: 1, into: tangent)
        for pixel in 0..<stride {
          moved[rows.lowerBound + pixel] += Float(epsilon) * tangent[pixel]
        }
      }
      let there = curvature.gradient(at: moved)
      let difference = zip(there, gradient).map { $0 - $1 }
      for (sample, rows) in curvature.rows.enumerated() {
        let change = found[sample * Self.epsilons.count + index]
        let expected = curvature.dot(difference, difference, rows).squareRoot()
        // x + e is rounded in another order, which the gradient's own rounding covers.
        #expect(abs(change.mean - expected) < 1e-6 * change.gradientNorm, "\(change) \(expected)")
        #expect(change.worst == change.mean && change.worstDirection == 1)
      }
    }
  }

  @Test("to first order the change is at most epsilon times the curvature")
  func bounded() throws {
    let curvature = try CurvatureCase(.resNetLowCurvature)
    let norms = curvature.denseEigenvalues().map { max(-$0[0], $0[$0.count - 1]) }
    let found = try changes(curvature, directions: 8)
    for (sample, norm) in norms.enumerated() {
      let change = found[sample * Self.epsilons.count]
      let bound = Self.epsilons[0] * norm
      #expect(change.mean > 0 && change.mean < change.worst && change.worst < 1.05 * bound)
      #expect((1...8).contains(change.worstDirection))
    }
  }

  @Test("relative changes leave out samples without a gradient")
  func summary() throws {
    let curvature = try CurvatureCase(.resNetLowCurvature)
    let found = try changes(curvature, directions: 2)
    let summary = StabilitySummary(found, epsilons: Self.epsilons)
    #expect(summary.samples == 3 && summary.withoutGradient == 0)
    let means = [0, 2, 4].map { found[$0].mean / found[$0].gradientNorm }
    let worst = [1, 3, 5].map { found[$0].worst / found[$0].gradientNorm }
    #expect(summary.epsilons[0].mean == SampleStatistics(means))
    #expect(summary.epsilons[1].worst == SampleStatistics(worst))
    #expect(summary.epsilons.map(\.epsilon) == Self.epsilons)
  }
}
