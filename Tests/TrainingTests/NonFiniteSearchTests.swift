import InProcessRanks
import Networks
import Tensors
import TestSupport
import Testing
import Training

@Suite struct NonFiniteSearchTests {
  /// Each rank's finding for five samples, of which one has been spoilt, over three ranks.
  private func search(
    _ network: SmallNetwork, spoil: @escaping @Sendable (RandomSamples, Model) -> Void
  ) throws -> Set<String?> {
    let findings = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try Model(
        network.architecture(),
        ModelConfiguration(.training, maximumSamples: 2, slices: Slices(samples: 8)),
        communicator: communicator)
      model.initialize(seed: 5)
      let samples = RandomSamples(model.architecture, count: 5, seed: 6)
      spoil(samples, model)
      return try samples.withShare(rank: communicator.rank, of: 3) {
        try NonFiniteSearch(model, communicator: communicator).run(on: $0)
      }
    }
    return Set(findings)
  }

  @Test(
    "a pixel that is not a number is named by rank and sample", arguments: SmallNetwork.allCases)
  func pixel(network: SmallNetwork) throws {
    let found = try search(network) { samples, _ in samples.setPixel(17, ofSample: 4, to: .nan) }
    #expect(found == ["first on rank 2: the pixels of sample 4 of the training data"])
  }

  @Test("a sum that overflows is named by rank, sample and layer, not by what follows from it")
  func overflow() throws {
    let found = try search(.resNetStandard) { samples, model in
      // Only this sample's sums overflow; the next batch norm spreads them to all samples.
      for pixel in 0..<72 { samples.setPixel(pixel, ofSample: 2, to: 1e30) }
      for parameter in model.parameters where parameter.kind == .weight {
        for index in 0..<parameter.value.count { parameter.value[index] *= 1e10 }
      }
    }
    let text = try #require(found.first ?? nil)
    #expect(found.count == 1, "ranks differ: \(found)")
    #expect(
      text.contains(/first on rank 1: the output of layer 1 \(Convolution.*\) for sample 2 of/),
      "\(text)")
  }

  @Test("a parameter that is not a number comes before all that it spoils")
  func parameter() throws {
    let found = try search(.vggLowCurvature) { _, model in model.parameters[2].value[0] = .nan }
    let text = try #require(found.first ?? nil)
    #expect(found.count == 1 && text.hasPrefix("first on rank 0: the parameter "), "\(found)")
  }

  @Test("where all is finite nothing is found")
  func nothing() throws {
    #expect(try search(.vggStandard) { _, _ in } == [nil])
  }
}
