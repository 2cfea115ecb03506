import Curvature
import TestSupport
import Testing

@Suite struct LogitMarginTests {
  @Test("the rival is the first of the largest other logits")
  func rivals() throws {
    let curvature = try CurvatureCase(.vggLowCurvature, of: .margin)
    let logits = curvature.model.logits.prefix(3)
    for (index, value) in [Float](arrayLiteral: 3, 1, 2, 5, 5, 5, 0, 1, 1).enumerated() {
      logits.value[index] = value
    }
    let margin = LogitMargin()
    let rivals = ([0, 1, 0] as [Int32]).withUnsafeBufferPointer { labels in
      let rivals = margin.rivals(logits, labels: labels)
      margin.writeGradient(logits, labels: labels, rivals: rivals)
      return rivals
    }
    #expect(rivals == [2, 0, 1])
    #expect(Array(logits.gradient.buffer) == [1, 0, -1, -1, 1, 0, 1, -1, 0])
  }

  @Test("the gradient and the product are central differences", arguments: SmallNetwork.allCases)
  func centralDifferences(network: SmallNetwork) throws {
    // As for the loss: the gradient's rounding, 1e-7 of it, becomes some 1e-3 of the difference.
    let tolerance = 5e-3
    let curvature = try CurvatureCase(network, of: .margin)
    let pixels = curvature.pixels
    let v = curvature.directions(seed: 5)
    let gradient = curvature.gradient(at: pixels)
    let rivals = rivals(curvature)
    let product = curvature.apply(v)

    // Margins change most along the gradient.
    let norms = curvature.rows.map { curvature.dot(gradient, gradient, $0).squareRoot() }
    var uphill = gradient
    for (norm, rows) in zip(norms, curvature.rows) {
      for index in rows { uphill[index] /= Float(norm) }
    }
    let length: Float = 1e-2
    _ = curvature.gradient(at: zip(pixels, uphill).map { $0 + length * $1 })
    let upper = margins(curvature, rivals)
    _ = curvature.gradient(at: zip(pixels, uphill).map { $0 - length * $1 })
    let lower = margins(curvature, rivals)
    let slopes = zip(upper, lower).map { ($0 - $1) / (2 * Double(length)) }
    let first = Comparison("\(network): gradient", norms.map { Float($0) }, slopes)
    // A kink of the VGG's maximum pooling within that length makes up to two percent.
    #expect(first.isWithin(2e-2), "\(first)")

    let step: Float = 2e-3
    let upperGradient = curvature.gradient(at: zip(pixels, v).map { $0 + step * $1 })
    let lowerGradient = curvature.gradient(at: zip(pixels, v).map { $0 - step * $1 })
    let expected = zip(upperGradient, lowerGradient).map {
      (Double($0) - Double($1)) / (2 * Double(step))
    }
    let second = Comparison("\(network): product", product, expected)
    #expect(second.isWithin(tolerance), "\(second)")
  }

  private func rivals(_ curvature: CurvatureCase) -> [Int32] {
    curvature.labels.withUnsafeBufferPointer {
      LogitMargin().rivals(curvature.model.logits, labels: $0)
    }
  }

  /// z_y − z_r at the present logits.
  private func margins(_ curvature: CurvatureCase, _ rivals: [Int32]) -> [Double] {
    let logits = curvature.model.logits.value
    return curvature.labels.indices.map { sample in
      let z = logits.slice(sample..<sample + 1)
      return Double(z[Int(curvature.labels[sample])]) - Double(z[Int(rivals[sample])])
    }
  }
}
