import MessagePassing
import Testing

/// The claims that hold for every conformer and every decorator.
@Suite struct EveryCommunicatorTests {
  @Test("every communicator keeps the claims of its protocol", arguments: CommunicatorCase.all)
  func claims(_ kind: CommunicatorCase) throws {
    try kind.run { communicator in
      #expect(communicator.size == kind.ranks)
      // The largest go through slots whole, through slices of slots, and past the slots.
      for count in CommunicatorClaims.counts + [16_001, 40_003] {
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: count, salt: 0)
        CommunicatorClaims.allRanksGetTheSameBits(communicator, count: count)
        CommunicatorClaims.everyRootReachesAll(communicator, count: count)
      }
      CommunicatorClaims.startedSumsEqualPlainSums(
        communicator, counts: CommunicatorClaims.counts)
      CommunicatorClaims.gatherKeepsLengths(communicator)
      CommunicatorClaims.duplicateIsMatchedSeparately(communicator)
      try CommunicatorClaims.nodeSharesMemory(communicator)
      try CommunicatorClaims.processMakesOnce(communicator)
    }
  }

  @Test(
    "a rank shares memory with the ranks that its kind promises",
    arguments: CommunicatorCase.all.filter { $0.nodeSize > 0 })
  func node(_ kind: CommunicatorCase) throws {
    try kind.run { communicator in
      #expect(communicator.node.size == kind.nodeSize)
    }
  }
}
