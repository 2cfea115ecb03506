import MessagePassing
import Testing

@Suite struct SoloCommunicatorTests {
  @Test("a rank by itself keeps what every communicator must keep")
  func claims() {
    let solo = SoloCommunicator()
    #expect(solo.rank == 0 && solo.size == 1)
    for count in CommunicatorClaims.counts {
      CommunicatorClaims.sumsEqualPlainSums(solo, count: count, salt: 0)
      CommunicatorClaims.allRanksGetTheSameBits(solo, count: count)
      CommunicatorClaims.everyRootReachesAll(solo, count: count)
    }
    CommunicatorClaims.startedSumsEqualPlainSums(solo, counts: CommunicatorClaims.counts)
    CommunicatorClaims.gatherKeepsLengths(solo)
    CommunicatorClaims.duplicateIsMatchedSeparately(solo)
    solo.barrier()
  }

  @Test("a negative zero stays negative")
  func negativeZero() {
    var values: [Float] = [-0.0]
    values.withUnsafeMutableBufferPointer { SoloCommunicator().allreduce($0) }
    #expect(values[0].sign == .minus)
  }
}
