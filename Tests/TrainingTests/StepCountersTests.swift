import InProcessRanks
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

@Suite struct StepCountersTests {
  /// A small model, of whose counters tests are made.
  static func model(
    _ communicator: any Communicator, _ order: SumOrder = .fastest
  ) throws -> Model {
    try Model(
      SmallNetwork.vggLowCurvature.architecture(),
      ModelConfiguration(.training, maximumSamples: 1, sumOrder: order),
      communicator: communicator)
  }

  @Test("what is written is read, and lies behind the gradients")
  func roundTrip() throws {
    let model = try Self.model(SoloCommunicator())
    defer { withExtendedLifetime(model) {} }
    let counters = StepCounters(model)
    let empty = counters.read()
    var values = empty
    values.nonFinite = 1
    values.stop = 2
    values.failed = 3
    values.loss = 4
    values.correct = 5
    values.gradientNormSquares = 6
    values.gradientChangeSquares = 7
    counters.write(values)
    #expect(counters.read() == values)
    #expect(model.gradients.buffer.allSatisfy { $0 == 0 })
    #expect(Set(model.counters.buffer) == [0, 1, 2, 3, 4, 5, 6, 7])
    counters.write(empty)
    #expect(model.counters.buffer.allSatisfy { $0 == 0 })
  }

  @Test("all ranks read the sums of what each has written")
  func sums() throws {
    let sums = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try Self.model(communicator)
      defer { withExtendedLifetime(model) {} }
      let counters = StepCounters(model)
      let rank = Float(communicator.rank)
      var values = counters.read()
      values.nonFinite = rank == 1 ? 1 : 0
      values.stop = rank == 2 ? 1 : 0
      values.failed = 1
      values.loss = rank + 0.5
      values.correct = 2 * rank
      counters.write(values)
      GradientReducer(model, communicator: communicator, bucketBytes: 64).finish()
      return counters.read()
    }
    for sum in sums {
      #expect(sum.nonFinite == 1 && sum.stop == 1 && sum.failed == 3)
      #expect(sum.loss == 4.5 && sum.correct == 6 && sum.gradientNormSquares == 0)
    }
    #expect(sums.count == 3)
  }

  @Test("all ranks read what each took for itself", arguments: [SumOrder.fastest, .reproducible])
  func localStepSeconds(order: SumOrder) throws {
    let seconds: [Float] = [0.25, 3, 1e-3]
    let read = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try Self.model(communicator, order)
      defer { withExtendedLifetime(model) {} }
      let counters = StepCounters(model)
      for _ in 0..<2 {
        model.exactSums?.clear()
        counters.write(StepCounters.Values(loss: 1))
        counters.addLocalStepSeconds(seconds[communicator.rank], ofRank: communicator.rank)
        counters.add(StepCounters.Values(correct: 2))
        GradientReducer(model, communicator: communicator, bucketBytes: 64).finish()
      }
      #expect(counters.read() == StepCounters.Values(loss: 3, correct: 6))
      return (0..<3).map { counters.localStepSeconds(ofRank: $0) }
    }
    #expect(read == [seconds, seconds, seconds])
  }
}
