import Foundation
import MessagePassing
import Testing

@Suite struct SharedMemoryCommunicatorTests {
  /// Runs `body` on ranks that are threads: each maps the memory of all as processes do.
  private func run(_ ranks: Int, _ body: @escaping @Sendable (any Communicator) -> Void) throws {
    _ = try ThreadCommunicator.run(ranks: ranks) { base in
      guard let communicator = SharedMemoryCommunicator(over: base) else {
        Issue.record("rank \(base.rank) of \(ranks) cannot share memory")
        return
      }
      body(communicator)
    }
  }

  @Test("ranks that share memory keep what every communicator must keep", arguments: [2, 3, 5])
  func claims(ranks: Int) throws {
    try run(ranks) { communicator in
      // By slots at once, by shares of slots, and too large for slots.
      for count in CommunicatorClaims.counts + [16_001, 40_003] {
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: count, salt: 0)
        CommunicatorClaims.allRanksGetTheSameBits(communicator, count: count)
        CommunicatorClaims.everyRootReachesAll(communicator, count: count)
      }
      CommunicatorClaims.gatherKeepsLengths(communicator)
      CommunicatorClaims.duplicateIsMatchedSeparately(communicator)
    }
  }

  @Test("a thousand small sums in a row come out right, whoever is late")
  func repeated() throws {
    try run(3) { communicator in
      for round in 0..<1000 {
        if round % 100 == 30 * communicator.rank { Thread.sleep(forTimeInterval: 0.012) }
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: 1 + round % 9, salt: round)
      }
    }
  }

  @Test(
    "sums in shared memory are made in place, in parts, by duplicates too", arguments: [2, 3, 4])
  func inPlace(ranks: Int) throws {
    let count = 50_007
    try run(ranks) { communicator in
      let copy = communicator.duplicate()
      guard let memory = communicator.sharedMemory(bytes: 4 * count) else {
        Issue.record("rank \(communicator.rank) gets no memory")
        return
      }
      let start = memory.base.assumingMemoryBound(to: Float.self)
      let values = UnsafeMutableBufferPointer(start: start, count: count)
      #expect(values.allSatisfy { $0 == 0 })
      for (salt, summing) in [communicator, copy].enumerated() {
        func value(_ rank: Int, _ index: Int) -> Int {
          CommunicatorClaims.value(rank: rank, index: index, salt: salt)
        }
        for index in 0..<count { values[index] = Float(value(communicator.rank, index)) / 4 }
        summing.sum(UnsafeMutableBufferPointer(rebasing: values[..<10_001]))
        summing.sum(UnsafeMutableBufferPointer(rebasing: values[10_001...]))
        let plain = (0..<count).map { index in
          Float((0..<ranks).reduce(0) { $0 + value($1, index) }) / 4
        }
        #expect(Array(values) == plain)
        communicator.barrier()
      }
    }
  }

  @Test("sums add in the order of ranks, wherever they are made")
  func order() throws {
    let counts = [100, 20_000, 50_000]
    try run(3) { communicator in
      func part(_ rank: Int) -> Float { 1 / Float(3 * rank + 1) }
      let plain = part(0) + part(1) + part(2)
      guard let memory = communicator.sharedMemory(bytes: 200_000) else {
        Issue.record("rank \(communicator.rank) gets no memory")
        return
      }
      for count in counts {
        var values = [Float](repeating: part(communicator.rank), count: min(count, 20_000))
        values.withUnsafeMutableBufferPointer { communicator.sum($0) }
        #expect(values.allSatisfy { $0 == plain })
        let shared = UnsafeMutableBufferPointer(
          start: memory.base.assumingMemoryBound(to: Float.self), count: count)
        shared.update(repeating: part(communicator.rank))
        communicator.sum(shared)
        #expect(shared.allSatisfy { $0 == plain })
        communicator.barrier()
      }
    }
  }

  @Test("a rank that is alone has nobody to share memory with")
  func alone() {
    #expect(SharedMemoryCommunicator(over: SoloCommunicator()) == nil)
    #expect(SoloCommunicator().sharedMemory(bytes: 64) == nil)
  }
}
