import InProcessRanks
import MessagePassing
import Testing

@Suite struct CollectiveLedgerTests {
  private func sum(_ count: Int, on communicator: any Communicator) {
    var values = [Double](repeating: 1, count: count)
    values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
  }

  @Test("an entry says its operation, size, program point, and ordinal at that point")
  func description() {
    let ledger = CollectiveLedger()
    let communicator = LedgeredCommunicator(SoloCommunicator(), ledger: ledger)
    let copy = communicator.duplicate()
    communicator.programPoint = ProgramPoint(step: 12, .forward)
    sum(1, on: communicator)
    sum(129, on: communicator)
    communicator.enter(.backward)
    sum(33, on: communicator)
    copy.enter(.gradientBucket(of: 2))
    sum(7, on: copy)
    communicator.enter(.backward)
    sum(33, on: communicator)
    communicator.programPoint = nil
    communicator.programPoint?.step = 13
    communicator.barrier()
    #expect(
      ledger.entries.map(\.description) == [
        "collective 1 (duplication of the communicator; preparation)",
        "collective 2 (allreduce of 1 double; step 12, forward, batch norm 1)",
        "collective 3 (allreduce of 129 doubles; step 12, forward, batch norm 2)",
        "collective 4 (allreduce of 33 doubles; step 12, backward, batch norm 1 from the end)",
        "collective 1 of stream 1 (allreduce of 7 doubles; step 12, gradient bucket 1 of 2)",
        "collective 5 (allreduce of 33 doubles; step 12, backward, batch norm 2 from the end)",
        "collective 6 (barrier; step 13, backward, batch norm 1 from the end)",
      ])
    #expect(ledger.counts == [6, 1])
    #expect(ledger.entries.map(\.bytes) == [0, 8, 1032, 264, 56, 264, 0])
    for entry in ledger.entries { #expect((entry.left ?? 0) >= entry.entered) }
  }

  @Test("the ring keeps the newest entries, and numbers go on")
  func ring() {
    let ledger = CollectiveLedger()
    let communicator = LedgeredCommunicator(SoloCommunicator(), ledger: ledger)
    for _ in 0..<CollectiveLedger.capacity + 10 { communicator.barrier() }
    #expect(ledger.entries.map(\.number) == Array(11...CollectiveLedger.capacity + 10))
  }

  @Test("an omitted allreduce is neither made nor recorded, and only one is omitted")
  func omitted() {
    let ledger = CollectiveLedger()
    let communicator = LedgeredCommunicator(SoloCommunicator(), ledger: ledger)
    ledger.omitNextAllreduce()
    communicator.barrier()
    for count in [1, 2, 3] { sum(count, on: communicator) }
    #expect(ledger.entries.map(\.count) == [0, 2, 3])
  }

  @Test("a snapshot says what the ledger holds, while a collective is being made and after it")
  func snapshot() throws {
    let ledger = CollectiveLedger()
    let communicator = LedgeredCommunicator(SoloCommunicator(), ledger: ledger)
    communicator.programPoint = ProgramPoint(step: 3, .gradientBucket(of: 5))
    for count in 0..<600 { sum(count, on: communicator) }
    let header = LedgerSnapshot.Header(
      job: 17, rank: 2, heartbeat: 9, condition: .dumped, stillFor: .milliseconds(2500))
    var words: [UInt64] = []
    ledger.record(.broadcast(root: 4), count: 11) {
      LedgerSnapshot.write(header, ledger, into: &words)
    }
    let within = try #require(LedgerSnapshot(words))
    #expect(
      within.header == header
        && within.programPoint == ProgramPoint(step: 3, .gradientBucket(of: 5)))
    #expect(within.blocked?.operation == .broadcast(root: 4) && within.blocked?.left == nil)
    #expect(within.entries.dropLast() == ledger.entries.dropLast())
    LedgerSnapshot.write(header, ledger, into: &words)
    let after = try #require(LedgerSnapshot(words + [1, 2, 3]))
    #expect(after.blocked == nil && after.entries == ledger.entries)
  }

  @Test("a snapshot that is cut short or changed is none")
  func damaged() {
    let ledger = CollectiveLedger()
    var words: [UInt64] = []
    let header = LedgerSnapshot.Header(
      job: 1, rank: 0, heartbeat: 1, condition: .running, stillFor: .zero)
    LedgerSnapshot.write(header, ledger, into: &words)
    #expect(LedgerSnapshot(words) != nil)
    #expect(LedgerSnapshot(Array(words.dropLast())) == nil && LedgerSnapshot([]) == nil)
    for index in words.indices {
      var changed = words
      changed[index] ^= 1 << 40
      #expect(LedgerSnapshot(changed) == nil, "word \(index)")
    }
  }
}
