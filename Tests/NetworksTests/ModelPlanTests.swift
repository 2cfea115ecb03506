import MessagePassing
import Networks
import TestSupport
import Testing

@Suite struct ModelPlanTests {
  private func model(_ network: SmallNetwork) throws -> Model {
    try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: SoloCommunicator())
  }

  @Test("trained parameters lie one after the other", arguments: SmallNetwork.allCases)
  func contiguous(network: SmallNetwork) throws {
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    var offset = 0
    for parameter in model.trained {
      #expect(
        parameter.value.pointer == model.flatParameters.pointer + offset, "\(parameter.names[0])")
      #expect(parameter.gradient.pointer == model.gradients.pointer + offset)
      #expect(parameter.momentumBuffer.pointer == model.momentumBuffers.pointer + offset)
      offset += parameter.shape.count
    }
    #expect(offset == model.flatParameters.count)
    #expect(model.counters.pointer == model.gradients.pointer + offset)
    #expect(model.reduceBuffer.count == offset + Model.sharedCounterCount + 1)
  }

  @Test(
    "the number of final gradients grows from the last block to the first, and ends with all",
    arguments: SmallNetwork.allCases)
  func finished(network: SmallNetwork) throws {
    let model = try model(network)
    #expect(model.readyCounts.count == model.chain.layers.count)
    #expect(zip(model.readyCounts, model.readyCounts.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(model.readyCounts.first == model.gradients.count)
  }

  @Test(
    "a layer finishes the parameters that no earlier layer uses, and only those",
    arguments: SmallNetwork.allCases)
  func order(network: SmallNetwork) throws {
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    let layers = model.chain.layers
    for (index, floats) in model.readyCounts.enumerated() {
      for parameter in model.trained {
        let isUsedEarlier = layers[..<index].contains { layer in
          layer.parameters.contains { $0 === parameter }
        }
        let end = parameter.gradient.pointer - model.gradients.pointer + parameter.shape.count
        #expect((end <= floats) == !isUsedEarlier, "\(parameter.names[0]) after layer \(index)")
      }
    }
  }

  @Test("a shared β is finished by its first layer, the last one to write")
  func sharedBeta() throws {
    let model = try model(.vggLowCurvature)
    defer { withExtendedLifetime(model) {} }
    let beta = try #require(model.trained.first { $0.kind == .logBeta })
    let place = beta.gradient.pointer - model.gradients.pointer
    // Layers: a convolution with its activation, pooling, …
    #expect(beta.uses == 3)
    #expect((model.readyCounts[1]..<model.readyCounts[0]).contains(place))
  }

  @Test("a model for inference plans no gradients, and takes less memory than one for training")
  func inference() throws {
    let architecture = try SmallNetwork.resNetLowCurvature.architecture()
    let bytes = try [
      ModelConfiguration.Purpose.inference, .inputGradients, .training, .trainingWithPenalty,
    ].map { purpose in
      let model = try Model(
        architecture, ModelConfiguration(purpose, maximumSamples: 16),
        communicator: SoloCommunicator())
      let trains = purpose == .training || purpose == .trainingWithPenalty
      #expect(model.gradients.isPresent == trains && model.momentumBuffers.isPresent == trains)
      #expect(
        model.input.gradient.isPresent
          == (purpose == .inputGradients || purpose == .trainingWithPenalty))
      return model.memoryBytes
    }
    #expect(bytes[0] < bytes[1] && bytes[2] < bytes[3])
  }
}
