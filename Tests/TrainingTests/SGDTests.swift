import MessagePassing
import Networks
import TestSupport
import Testing
import Training

@Suite struct SGDTests {
  @Test("three steps are those of a plain loop; β has a decay of its own, γ has none")
  func plainLoop() throws {
    /// Three steps of four roundings each, values below 4: 12·6e-8·4, and as much again.
    let tolerance = 6e-6
    let (rate, momentum, decay, betaDecay) = (0.1, 0.9, 0.25, 0.5)
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.training, maximumSamples: 2), communicator: SoloCommunicator())
    defer { withExtendedLifetime(model) {} }
    model.initialize(seed: 4)
    var decays: [Double] = []
    for parameter in model.trained {
      let own =
        switch parameter.kind {
        case .weight, .bias: decay
        case .logBeta: betaDecay
        case .logLipschitz: 0.0
        }
      decays += [Double](repeating: own, count: parameter.shape.count)
    }
    var values = model.flatParameters.buffer.map { Double($0) }
    var momentumBuffers = [Double](repeating: 0, count: values.count)
    let optimizer = SGD(
      momentum: Float(momentum), weightDecay: Float(decay), betaDecay: Float(betaDecay))
    for step in 0..<3 {
      for index in values.indices {
        let gradient = Float((index * 13 + step * 7) % 17) / 8 - 1
        model.gradients[index] = gradient
        let decayed = Double(gradient) + decays[index] * values[index]
        momentumBuffers[index] = momentum * momentumBuffers[index] + decayed
        values[index] -= rate * momentumBuffers[index]
      }
      model.update { optimizer.update($0.parameter, learningRate: Float(rate)) }
    }
    for (name, tensor, expected) in [
      ("values", model.flatParameters, values),
      ("momentum buffers", model.momentumBuffers, momentumBuffers),
    ] {
      let comparison = Comparison(name, tensor.buffer, expected)
      #expect(comparison.difference < tolerance, "\(comparison)")
    }
  }

  @Test("a learning rate of 0 moves momentum buffers and no weights")
  func zeroRate() throws {
    let model = try Model(
      SmallNetwork.vggLowCurvature.architecture(),
      ModelConfiguration(.training, maximumSamples: 2), communicator: SoloCommunicator())
    defer { withExtendedLifetime(model) {} }
    model.initialize(seed: 4)
    let before = Array(model.flatParameters.buffer)
    model.gradients.fill(1)
    let optimizer = SGD(momentum: 0.9, weightDecay: 0)
    model.update { optimizer.update($0.parameter, learningRate: 0) }
    #expect(Array(model.flatParameters.buffer) == before)
    #expect(model.momentumBuffers.buffer.allSatisfy { $0 == 1 })
  }
}
