import Curvature
import Robustness
import Tensors
import Testing

@Suite struct CertifiedRadiusTests {
  /// ∫₀ʳ min(K, g + Lt) dt, by the midpoint rule.
  private func used(_ r: Double, g: Double, k: Double, l: Double) -> Double {
    let steps = 20_000
    let width = r / Double(steps)
    return (0..<steps).reduce(0) { $0 + width * min(k, g + l * (Double($1) + 0.5) * width) }
  }

  @Test("the margin is used up at the radius", arguments: [0, 0.5, 2, 3], [0, 1e-9, 0.7, 50])
  func integral(gradient: Double, curvature: Double) {
    let lipschitz = 2.0
    for margin in [0.3, 2, 40] {
      let radius = CertifiedRadius.secondOrder(
        margin: margin, gradientNorm: gradient, lipschitz: lipschitz, gradientLipschitz: curvature)
      #expect(radius >= CertifiedRadius.firstOrder(margin: margin, lipschitz: lipschitz))
      guard radius.isFinite else {
        #expect(gradient == 0 && curvature == 0)
        continue
      }
      let slope = min(gradient, lipschitz)
      let root = (slope * slope + 2 * curvature * margin).squareRoot()
      #expect(radius * (slope + root) >= 2 * margin * (1 - 1e-12))
      let found = used(radius, g: slope, k: lipschitz, l: curvature)
      // The midpoint rule errs in the one step where the minimum turns.
      #expect(abs(found - margin) < 1e-3 * margin, "radius \(radius) uses \(found) of \(margin)")
    }
  }

  /// Walks down the margin in small steps until the class changes; the distance gone, as the crow
  /// flies.
  private func adversarialDistances(
    _ network: TrainedNetwork, step: Float, limit: Int
  ) -> [Double?] {
    let gradient = InputGradient(network.model, of: .margin)
    let input = network.model.input
    let stride = input.shape.stride
    input.value.pointer.update(from: network.images, count: network.images.count)
    var distances = [Double?](repeating: nil, count: network.labels.count)
    for _ in 0..<limit {
      _ = network.labels.withUnsafeBufferPointer {
        gradient.linearize(network.labels.count, labels: $0)
      }
      for sample in network.labels.indices where distances[sample] == nil {
        let place = sample * stride..<(sample + 1) * stride
        if gradient.prediction(sample) != Int(network.labels[sample]) {
          let squares = place.reduce(0.0) {
            let moved = Double(input.value[$1]) - Double(network.images[$1])
            return $0 + moved * moved
          }
          distances[sample] = squares.squareRoot()
          continue
        }
        let norm = Float(gradient.norm(sample))
        guard norm > 0 else { continue }
        for index in place { input.value[index] -= step * input.gradient[index] / norm }
      }
    }
    return distances
  }

  @Test("no adversarial example lies within a certified radius", arguments: [0, 1, 2])
  func againstDescent(case number: Int) throws {
    let network = try TrainedNetwork { recipe in
      switch number {
      case 0: (recipe.epochs, recipe.stem, recipe.widths) = (5, 16, [16, 32])
      case 1:
        (recipe.architecture, recipe.stem, recipe.widths, recipe.blocks) = (.vgg, nil, [], [])
        recipe.layers = [.convolution(channels: 6)]
        (recipe.betaPenalty, recipe.gammaPenalty) = (1e-2, 1e-2)
      default:
        (recipe.architecture, recipe.stem, recipe.widths, recipe.blocks) = (.vgg, nil, [], [])
        recipe.layers = [.convolution(channels: 6), .pooling, .convolution(channels: 8)]
      }
    }
    let bound = try network.model.networkBound()
    let certification = RadiusCertification(network.model, bound: bound)
    network.model.input.value.pointer.update(from: network.images, count: network.images.count)
    let certificates = network.labels.withUnsafeBufferPointer {
      certification.measure(network.labels.count, labels: $0)
    }
    let distances = adversarialDistances(network, step: 0.01, limit: 600)
    var closest = Double.infinity
    var compared = 0
    for (sample, certificate) in certificates.enumerated() {
      let isRight = certificate.prediction == Int(network.labels[sample])
      #expect((certificate.radius > 0) == isRight && isRight == (certificate.margin > 0))
      #expect(certificate.radius >= certificate.firstOrderRadius)
      #expect((certificate.gradientNorm == nil) == (number == 2 || !isRight))
      guard isRight, let distance = distances[sample] else { continue }
      #expect(certificate.radius <= distance, "sample \(sample)")
      closest = min(closest, distance / certificate.radius)
      compared += 1
    }
    #expect(compared > network.labels.count / 2)
    // One convolution's constants are not far from what is met; a bound a hundred times too wide
    // would be no bound of this network.
    if number == 1 { #expect(closest < 100) }
  }
}
