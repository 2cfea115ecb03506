import MessagePassing
import Networks
import TestSupport
import Testing

@Suite struct ModelCopyTests {
  @Test(
    "a model of another purpose computes the same logits after a copy",
    arguments: SmallNetwork.allCases)
  func sameLogits(network: SmallNetwork) throws {
    let architecture = try network.architecture()
    let models = try [ModelConfiguration.Purpose.training, .curvature].enumerated().map {
      let model = try Model(
        architecture, ModelConfiguration($1, maximumSamples: 2), communicator: SoloCommunicator())
      model.initialize(seed: UInt64($0))
      return model
    }
    // Statistics of their own, too.
    for entry in models[0].state { entry.tensor[0] += 0.25 }
    models[1].copyParameters(of: models[0])
    let pixels = RandomSamples(architecture, count: 2, seed: 3).pixels
    for model in models {
      model.refresh(.evaluation)
      model.input.value.pointer.update(from: pixels, count: pixels.count)
      model.forward(2, mode: .evaluation)
    }
    #expect(Array(models[0].logits.value.buffer) == Array(models[1].logits.value.buffer))
    #expect(models[0].stateDictionary() == models[1].stateDictionary())
  }
}
