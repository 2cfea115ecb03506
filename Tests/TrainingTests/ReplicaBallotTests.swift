import InProcessRanks
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

@Suite struct ReplicaBallotTests {
  private static let digests = [
    ReplicaDigest(shared: 0, statistics: 0), ReplicaDigest(shared: .max, statistics: .max),
    ReplicaDigest(shared: 0x0123_4567_89AB_CDEF, statistics: 0xFEDC_BA98_7654_3210),
  ]

  @Test(
    "a digest goes over three ranks without the loss of a bit, with their votes",
    arguments: digests, [SumOrder.fastest, .reproducible])
  func sums(digest: ReplicaDigest, order: SumOrder) throws {
    let read = try InProcessCommunicator.run(ranks: 3) { communicator in
      let model = try StepCountersTests.model(communicator, order)
      defer { withExtendedLifetime(model) {} }
      let counters = StepCounters(model)
      model.exactSums?.clear()
      let rank = communicator.rank
      counters.write(
        StepCounters.Values(
          ballot: ReplicaBallot(
            rootDigest: rank == 0 ? digest.pieces : ReplicaBallot.Pieces(),
            equal: rank < 2 ? 1 : 0, unequal: rank < 2 ? 0 : 1)))
      counters.add(StepCounters.Values(loss: 1))
      GradientReducer(model, communicator: communicator, bucketBytes: 64).finish()
      return counters.read()
    }
    for values in read {
      #expect(ReplicaDigest(values.ballot.rootDigest) == digest)
      #expect(values.ballot.equal == 2 && values.ballot.unequal == 1 && values.loss == 3)
    }
  }

  @Test("no digest is not a digest of zeros")
  func absent() {
    #expect(ReplicaDigest(ReplicaBallot().rootDigest) == nil)
  }
}
