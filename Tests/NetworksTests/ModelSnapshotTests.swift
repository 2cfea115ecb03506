import Checkpoints
import InProcessRanks
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct ModelSnapshotTests {
  private func model(
    _ network: SmallNetwork = .resNetLowCurvature,
    _ communicator: any Communicator = SoloCommunicator()
  ) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: communicator)
    model.initialize(seed: 1)
    model.broadcast(over: communicator)
    return model
  }

  @Test(
    "a snapshot holds what the model held, while the model moves on",
    arguments: SmallNetwork.allCases)
  func contents(network: SmallNetwork) throws {
    let model = try model(network)
    let snapshot = try ModelSnapshot(of: model)
    #expect(ModelSnapshot.memoryBytes(of: model) == snapshot.memoryBytes)
    model.momentumBuffers.fill(0.5)
    let (state, momentum) = (model.stateDictionary(), model.optimizerDictionary())
    snapshot.take()
    let digest = snapshot.digest
    for parameter in model.parameters { parameter.value.fill(7) }
    for entry in model.state { entry.tensor.fill(7) }
    model.momentumBuffers.fill(7)
    #expect(StateDictionary(snapshot.stateTensors) == state)
    #expect(StateDictionary(snapshot.momentumTensors) == momentum)
    #expect(snapshot.digest == digest)
    snapshot.take()
    #expect(StateDictionary(snapshot.stateTensors) == model.stateDictionary())
    #expect(!snapshot.digest.matches(digest))
  }

  @Test("one bit of a weight, momentum buffer, vector or running statistic changes the digest")
  func everyPart() throws {
    let model = try model()
    let snapshot = try ModelSnapshot(of: model)
    snapshot.take()
    let before = snapshot.digest
    let tensors =
      [model.flatParameters, model.momentumBuffers] + model.state.map(\.tensor)
      + model.parameters.map(\.value)
    for tensor in tensors {
      let last = tensor.count - 1
      let old = tensor[last]
      tensor[last] = Float(bitPattern: old.bitPattern ^ 1)
      snapshot.take()
      #expect(!snapshot.digest.matches(before))
      tensor[last] = old
    }
    snapshot.take()
    #expect(snapshot.digest == before)
  }

  @Test("of ranks that share parameters, the first one copies them, and all compare the rest")
  func sharedParameters() throws {
    let found = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try model(.resNetLowCurvature, communicator)
      let snapshot = try ModelSnapshot(of: model)
      snapshot.take()
      communicator.barrier()
      return (snapshot.digest, snapshot.memoryBytes, communicator.node.size)
    }
    for (digest, bytes, nodeSize) in found.dropFirst() {
      #expect(digest.matches(found[0].0))
      #expect((digest.shared == nil) == (nodeSize > 1))
      #expect(nodeSize == 1 || bytes < found[0].1)
    }
    #expect(found[0].0.shared != nil)
  }
}
