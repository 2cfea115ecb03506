import InProcessRanks
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

@Suite struct DivergenceCheckTests {
  /// The report to each of three ranks after one of them has changed something.
  private func outcomes(
    _ change: @escaping @Sendable (Model, _ rank: Int) -> Void
  ) throws -> [TrainingError?] {
    try InProcessCommunicator.run(ranks: 3) { communicator -> TrainingError? in
      let model = try Model(
        SmallNetwork.resNetLowCurvature.architecture(),
        ModelConfiguration(.training, maximumSamples: 2), communicator: communicator)
      defer { withExtendedLifetime(model) {} }
      model.initialize(seed: 3)
      change(model, communicator.rank)
      do {
        try DivergenceCheck(model, communicator: communicator).run(step: 40)
        return nil
      } catch let error as TrainingError {
        return error
      }
    }
  }

  @Test("equal replicas pass")
  func equal() throws {
    #expect(try outcomes { _, _ in } == [nil, nil, nil])
  }

  @Test("one flipped bit of a weight is found on every rank, with its tensor and rank")
  func flippedBit() throws {
    let found = try outcomes { model, rank in
      guard rank == 2 else { return }
      let weight = model.parameters[3].value
      let last = weight.count - 1
      weight[last] = Float(bitPattern: weight[last].bitPattern ^ 1)
    }
    for error in found {
      guard case .replicasDiffer(let tensor, let rank, let step) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(tensor.contains("weight") || tensor.contains("log_"), "\(tensor)")
      #expect(rank == 2 && step == 40)
    }
  }

  @Test(
    "a momentum buffer, a running statistic and a sign of zero count too", arguments: [0, 1, 2])
  func state(place: Int) throws {
    let found = try outcomes { model, rank in
      guard rank == 1 else { return }
      switch place {
      case 0: model.momentumBuffers[0] = 1
      case 1: model.state[0].tensor[0] = 0.5
      default: model.momentumBuffers[0] = -0.0
      }
    }
    #expect(found.allSatisfy { $0 != nil })
  }
}
