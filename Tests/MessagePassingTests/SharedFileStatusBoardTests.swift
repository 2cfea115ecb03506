import Foundation
import MessagePassing
import TestFiles
import Testing

@Suite struct SharedFileStatusBoardTests {
  @Test("ranks of different hosts see one another by files, which are removed at the end")
  func files() throws {
    let directory = try TemporaryDirectory()
    try directory.makeDirectory("board")
    let path = "\(directory.path)/board"
    func board(_ rank: Int, job: UInt64) -> SharedFileStatusBoard {
      let members = JobMembers(job: job, rank: rank, hosts: ["a", "b"], processes: [1, 2])
      let board = SharedFileStatusBoard(members, directory: path, period: .milliseconds(5))
      var words: [UInt64] = []
      let header = LedgerSnapshot.Header(
        job: job, rank: rank, heartbeat: 7, condition: .running, stillFor: .zero)
      LedgerSnapshot.write(header, CollectiveLedger(), into: &words)
      board.offer(words, isUrgent: true)
      return board
    }
    let boards = [board(0, job: 5), board(1, job: 5)]
    // Ignores rank 1, which has the number of another job.
    let remote = JobMembers(job: 6, rank: 0, hosts: ["a", "b"], processes: [1, 2])
    let other = SharedFileStatusBoard(remote, directory: path, period: .milliseconds(5))
    func wait(for condition: () throws -> Bool) rethrows -> Bool {
      for _ in 0..<1000 {
        if try condition() { return true }
        usleep(5000)
      }
      return false
    }
    #expect(wait { boards[0].read(rank: 1)?.header.heartbeat == 7 })
    #expect(wait { boards[1].read(rank: 0)?.header.heartbeat == 7 })
    #expect(other.read(rank: 1) == nil)
    for board in boards + [other] { board.stop() }
    #expect(wait { !FileManager.default.fileExists(atPath: path) })
  }
}
