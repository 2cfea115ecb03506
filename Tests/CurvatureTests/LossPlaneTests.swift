import Curvature
import Kernels
import TestSupport
import Testing

@Suite struct LossPlaneTests {
  private static let radius = 0.25

  private func measured(
    _ curvature: CurvatureCase, radius: Double = radius, points: Int = 5
  ) throws -> (values: LossPlane.Values, gradient: [Float]) {
    let plane = try LossPlane(
      curvature.model, of: curvature.product.gradient.function, radius: radius, points: points,
      probes: ProbeDirections(seed: 3))
    curvature.setInput(curvature.pixels)
    var gradient: [Float] = []
    let values = plane.measure(label: curvature.labels[0], index: 40) {
      gradient = Array($0.buffer)
    }
    return (values, gradient)
  }

  @Test(
    "the middle row lies along the gradient, and the image stays",
    arguments: ScalarFunction.allCases)
  func middleRow(function: ScalarFunction) throws {
    let curvature = try CurvatureCase(.resNetLowCurvature, of: function)
    let (found, gradient) = try measured(curvature)
    let stride = curvature.model.input.shape.stride
    #expect(
      Array(curvature.model.input.value.buffer.prefix(stride))
        == Array(curvature.pixels.prefix(stride)))
    #expect(gradient == Array(curvature.gradient(at: curvature.pixels).prefix(stride)))
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(found.gradientNorm - norm) < 1e-9 * norm)
    // The measurement's own center at the moved image is another path to the same number.
    for (column, offset) in LossPlane.offsets(radius: Self.radius, points: 5).enumerated() {
      var moved = curvature.pixels
      for pixel in 0..<stride { moved[pixel] += Float(offset * Double(gradient[pixel]) / norm) }
      let plane = try LossPlane(
        curvature.model, of: function, radius: 1, points: 3, probes: ProbeDirections(seed: 3))
      curvature.setInput(moved)
      let there = plane.measure(label: curvature.labels[0], index: 40).center
      // float32 logits of a rounded point.
      #expect(abs(found.values[10 + column] - there) < 1e-4, "\(offset)")
    }
    #expect(found.values[12] == found.center)
  }

  @Test(
    "without curvature the plane is its tangent plane; half the radius has a quarter of the error")
  func curvatureAppears() throws {
    let curvature = try CurvatureCase(.resNetLowCurvature)
    func error(_ radius: Double) throws -> Double {
      try measured(curvature, radius: radius).values.linearizationError(
        offsets: LossPlane.offsets(radius: radius, points: 5))
    }
    let ratio = try error(0.5) / error(0.25)
    #expect(ratio > 3 && ratio < 5, "\(ratio)")
    let flat = LossPlane.Values(
      prediction: 0, center: 1, gradientNorm: 2, values: [-1, 1, 3, -1, 1, 3, -1, 1, 3])
    #expect(flat.linearizationError(offsets: [-1, 0, 1]) == 0)
  }
}
