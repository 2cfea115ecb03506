import MessagePassing
import Networks
import ReferenceCases
import TestSupport
import Testing

@Suite struct NetworkBuilderTests {
  private func shapes(_ architecture: Architecture) throws -> [String: [Int]] {
    let model = try Model(
      architecture, ModelConfiguration(.inference, maximumSamples: 1),
      communicator: SoloCommunicator())
    let entries = model.stateDictionary().entries
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.shape) })
  }

  /// A conv-BN block's entries beside its weight.
  private func block(_ name: String, channels: Int) -> [String: [Int]] {
    [
      "\(name).log_lipschitz": [], "\(name).bn.running_mean": [channels],
      "\(name).bn.running_var": [channels],
    ]
  }

  /// A normalised convolution's entries.
  private func convolution(
    _ name: String, weight: [Int], u: [Int], v: [Int]
  ) -> [String: [Int]] {
    let prefix = "\(name).conv.parametrizations.weight."
    return ["\(prefix)original": weight, "\(prefix)0._u": u, "\(prefix)0._v": v]
  }

  private func union(_ parts: [[String: [Int]]]) -> [String: [Int]] {
    parts.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
  }

  @Test("a tiny low-curvature ResNet has the reference's names and shapes")
  func resNet() throws {
    let architecture = try Architecture(
      .resNet(stem: 2, widths: [2, 3], blocks: [1, 1]), variant: .lowCurvature, height: 4, width: 4,
      channels: 1, classes: 2)
    let expected = union([
      convolution("0.0", weight: [2, 1, 3, 3], u: [1, 2, 4, 4], v: [1, 1, 4, 4]),
      block("0.0", channels: 2), ["0.1.log_beta": []],
      convolution("1.0.1.f1", weight: [2, 2, 3, 3], u: [1, 2, 4, 4], v: [1, 2, 4, 4]),
      block("1.0.1.f1", channels: 2), ["1.0.2.f1.log_beta": []],
      convolution("1.0.3.f1", weight: [2, 2, 3, 3], u: [1, 2, 4, 4], v: [1, 2, 4, 4]),
      block("1.0.3.f1", channels: 2), ["1.0.5.log_beta": []],
      convolution("2.0.1.f1", weight: [3, 2, 3, 3], u: [1, 3, 4, 4], v: [1, 2, 7, 7]),
      block("2.0.1.f1", channels: 3), ["2.0.2.f1.log_beta": []],
      convolution("2.0.1.f2", weight: [3, 2, 1, 1], u: [1, 3, 4, 4], v: [1, 2, 7, 7]),
      block("2.0.1.f2", channels: 3),
      convolution("2.0.3.f1", weight: [3, 3, 3, 3], u: [1, 3, 2, 2], v: [1, 3, 2, 2]),
      block("2.0.3.f1", channels: 3), ["2.0.5.log_beta": []],
      [
        "5.parametrizations.weight.original": [2, 3], "5.bias": [2],
        "5.parametrizations.weight.0._u": [2], "5.parametrizations.weight.0._v": [3],
      ],
    ])
    #expect(try shapes(architecture) == expected)
  }

  @Test("a tiny low-curvature VGG lists its one β under each of its activations")
  func vgg() throws {
    let architecture = try Architecture(
      .vgg([.convolution(channels: 2), .pooling, .convolution(channels: 3)]),
      variant: .lowCurvature, height: 4, width: 4, channels: 1, classes: 2)
    let expected = union([
      convolution("0", weight: [2, 1, 3, 3], u: [1, 2, 4, 4], v: [1, 1, 4, 4]),
      block("0", channels: 2), ["0.conv.bias": [2], "1.log_beta": []],
      convolution("3", weight: [3, 2, 3, 3], u: [1, 3, 2, 2], v: [1, 2, 2, 2]),
      block("3", channels: 3), ["3.conv.bias": [3], "4.log_beta": []],
      ["6.weight": [2, 12], "6.bias": [2]],
    ])
    #expect(try shapes(architecture) == expected)
  }

  @Test("a tiny standard VGG has plain weights and keeps log_lipschitz, untrained")
  func standardVGG() throws {
    let architecture = try Architecture(
      .vgg([.convolution(channels: 2), .pooling, .convolution(channels: 3)]),
      variant: .standard(beta: 1000), height: 4, width: 4, channels: 1, classes: 2)
    let expected = union([
      block("0", channels: 2), ["0.conv.weight": [2, 1, 3, 3], "0.conv.bias": [2]],
      block("3", channels: 3), ["3.conv.weight": [3, 2, 3, 3], "3.conv.bias": [3]],
      ["6.weight": [2, 12], "6.bias": [2]],
    ])
    #expect(try shapes(architecture) == expected)
  }

  @Test("γ and β are trained where the components say so", arguments: SmallNetwork.allCases)
  func trained(network: SmallNetwork) throws {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: SoloCommunicator())
    let scalars = model.trained.filter { $0.kind == .logBeta || $0.kind == .logLipschitz }
    let all = model.parameters.filter { $0.kind == .logLipschitz }
    #expect(all.count == (network.body == SmallNetwork.vggStandard.body ? 3 : 6))
    #expect(
      scalars.contains { $0.kind == .logBeta } == (network.variant.activation == .trainedSoftplus))
    #expect(all.allSatisfy { $0.isTrained == (network.variant.batchNorm == .lipschitz) })
  }

  @Test("every reference case's state dict has our names and shapes")
  func references() throws {
    for reference in try ReferenceCase.all() {
      let names = reference.initial.entries.filter {
        !$0.name.hasSuffix(".num_batches_tracked") && !$0.name.hasSuffix(".offset")
      }
      let expected = Dictionary(uniqueKeysWithValues: names.map { ($0.name, $0.shape) })
      #expect(try shapes(reference.architecture()) == expected, "\(reference.name)")
    }
  }
}
