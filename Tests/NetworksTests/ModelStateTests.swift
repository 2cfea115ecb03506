import Checkpoints
import MessagePassing
import Networks
import TestSupport
import Testing

@Suite struct ModelStateTests {
  private func model(_ network: SmallNetwork) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    return model
  }

  /// The dictionary with some entries replaced or, by nil, left out.
  private func edit(
    _ dictionary: StateDictionary, _ change: (StateDictionary.Entry) -> (shape: [Int], [Float])?
  ) -> StateDictionary {
    var edited = StateDictionary()
    for entry in dictionary.entries {
      if let (shape, values) = change(entry) {
        edited.append(entry.name, shape: shape, values: values)
      }
    }
    return edited
  }

  /// `dictionary` is refused with this message, and the model stays as it was.
  private func expectRefusal(
    _ dictionary: StateDictionary, by model: Model, _ message: String,
    location: SourceLocation = #_sourceLocation
  ) {
    let before = model.stateDictionary()
    do throws(StateError) {
      try model.load(dictionary, from: "run/model")
      Issue.record("accepted: \(message)", sourceLocation: location)
    } catch {
      #expect(error.description == message, sourceLocation: location)
    }
    #expect(model.stateDictionary() == before, sourceLocation: location)
  }

  @Test("a network loads the bits that an equal network saved", arguments: SmallNetwork.allCases)
  func roundTrip(network: SmallNetwork) throws {
    let saved = try model(network).stateDictionary()
    let other = try model(network)
    other.initialize(seed: 2)
    #expect(other.stateDictionary() != saved)
    try other.load(saved, from: "memory")
    #expect(other.stateDictionary() == saved)
  }

  @Test("a missing tensor is named")
  func missing() throws {
    let model = try model(.resNetLowCurvature)
    expectRefusal(
      edit(model.stateDictionary()) { entry in
        entry.name == "2.0.1.f2.log_lipschitz" ? nil : (entry.shape, entry.values.map { $0 + 1 })
      }, by: model,
      "run/model: no tensor 2.0.1.f2.log_lipschitz, which the network needs")
  }

  @Test("a tensor that the network does not have is named")
  func unexpected() throws {
    let model = try model(.vggStandard)
    var dictionary = edit(model.stateDictionary()) { ($0.shape, $0.values.map { $0 + 1 }) }
    dictionary.append("features.weight", shape: [1], values: [0])
    expectRefusal(
      dictionary, by: model, "run/model: tensor features.weight has no place in the network")
  }

  @Test("counts of batches and softplus offsets, which the reference saves, are ignored")
  func ignored() throws {
    let model = try model(.resNetLowCurvature)
    var dictionary = model.stateDictionary()
    dictionary.append("0.0.bn.num_batches_tracked", shape: [], values: [3])
    dictionary.append("0.1.offset", shape: [], values: [0.69])
    try model.load(dictionary, from: "memory")
  }

  @Test("a tensor of another shape is named with both shapes")
  func wrongShape() throws {
    let model = try model(.vggLowCurvature)
    expectRefusal(
      edit(model.stateDictionary()) { entry in
        entry.name == "3.conv.bias"
          ? ([1, 5], entry.values) : (entry.shape, entry.values.map { $0 + 1 })
      }, by: model, "run/model: 3.conv.bias is [1, 5], but the network needs [5]")
  }

  @Test("unequal copies of the shared β are named")
  func unequalCopies() throws {
    let model = try model(.vggLowCurvature)
    expectRefusal(
      edit(model.stateDictionary()) { entry in
        (entry.shape, entry.values.map { $0 + (entry.name == "6.log_beta" ? 2 : 1) })
      }, by: model,
      "run/model: 6.log_beta differs from 1.log_beta, but both name the one shared parameter")
  }

  @Test(
    "momentum buffers come back under the parameters' first names, and one that is missing is named"
  )
  func optimizer() throws {
    let model = try model(.vggLowCurvature)
    defer { withExtendedLifetime(model) {} }
    for index in 0..<model.momentumBuffers.count { model.momentumBuffers[index] = Float(index) }
    let saved = model.optimizerDictionary()
    #expect(saved.entries.reduce(0) { $0 + $1.values.count } == model.momentumBuffers.count)
    #expect(saved["4.log_beta"] == nil && saved["1.log_beta"] != nil)
    model.momentumBuffers.fill(0)
    try model.loadOptimizer(saved, from: "memory")
    #expect(model.momentumBuffers.buffer.enumerated().allSatisfy { $1 == Float($0) })

    let short = edit(saved) { $0.name == "0.conv.bias" ? nil : ($0.shape, $0.values) }
    #expect(throws: StateError.missing(name: "0.conv.bias", source: "memory")) {
      try model.loadOptimizer(short, from: "memory")
    }
  }
}
