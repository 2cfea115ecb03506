import Foundation
import InProcessRanks
import MessagePassing
import Testing

@Suite struct TimedCommunicatorTests {
  @Test("it counts the wait for a late rank, and neither other work nor a duplicate's collectives")
  func wait() throws {
    let late = Duration.milliseconds(40)
    let spent = try InProcessCommunicator.run(ranks: 2) { base in
      let communicator = TimedCommunicator(base)
      let copy = communicator.duplicate()
      let before = communicator.spent
      if communicator.rank == 1 { Thread.sleep(forTimeInterval: late / .seconds(1)) }
      let began = ContinuousClock.now
      communicator.barrier()
      let elapsed = ContinuousClock.now - began
      let waited = communicator.spent - before
      if communicator.rank == 0 { Thread.sleep(forTimeInterval: late / .seconds(1)) }
      copy.barrier()
      return (waited, communicator.spent - before - waited, elapsed)
    }
    // How long rank 0 waits depends on when its thread starts; it counts that time, whatever it is.
    #expect(spent[0].0 <= spent[0].2 && spent[0].0 > spent[0].2 / 2)
    // Rank 1 came last; its barrier takes no longer than waking up, even on a busy machine.
    #expect(spent[1].0 < spent[0].0)
    #expect(spent.map(\.1) == [.zero, .zero])
  }
}
