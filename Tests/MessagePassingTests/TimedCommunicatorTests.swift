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
      communicator.barrier()
      let waited = communicator.spent - before
      if communicator.rank == 0 { Thread.sleep(forTimeInterval: late / .seconds(1)) }
      copy.barrier()
      return (waited, communicator.spent - before - waited)
    }
    #expect(spent[0].0 >= late)
    // Rank 1 came last; its barrier takes no longer than waking up, even on a busy machine.
    #expect(spent[1].0 < spent[0].0)
    #expect(spent.map(\.1) == [.zero, .zero])
  }
}
