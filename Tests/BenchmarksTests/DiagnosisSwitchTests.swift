import Benchmarks
import InProcessRanks
import MessagePassing
import Testing

@Suite struct DiagnosisSwitchTests {
  @Test("collectives are the same on and off, and are recorded when it is on only, duplicates' too")
  func recording() throws {
    let counts = try InProcessCommunicator.run(ranks: 2) { plain in
      let ledgered = LedgeredCommunicator(plain, ledger: CollectiveLedger())
      let watchdog = Watchdog(
        ledgered.ledger, ledgered, Watchdog.Settings(stallTimeout: .seconds(60)))
      defer { watchdog.stop() }
      let diagnosis = DiagnosisSwitch(ledgered: ledgered, plain: plain, watchdog: watchdog)
      let communicator = diagnosis.communicator
      let copy = communicator.duplicate()
      func recorded(_ position: DiagnosisSwitch.Position) -> Int {
        communicator.barrier()
        diagnosis.turn(position)
        let before = ledgered.ledger.counts.reduce(0, +)
        for one in [communicator, copy] {
          #expect(one.allGather([UInt8(one.rank)]) == [[0], [1]])
          one.barrier()
        }
        #expect((communicator.programPoint == nil) == (position == .off))
        return ledgered.ledger.counts.reduce(0, +) - before
      }
      return [recorded(.on), recorded(.off), recorded(.on)]
    }
    // A sum, two broadcasts and a barrier on each of two communicators.
    #expect(counts == [[8, 0, 8], [8, 0, 8]])
  }
}
