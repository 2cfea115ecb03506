import Failures
import InProcessRanks
import MessagePassing
import Testing

@Suite struct AgreementTests {
  /// The message and the exit code of the error of a rank.
  private struct Outcome: Equatable, Sendable {
    let message: String
    let status: Failures.ExitStatus
  }

  private struct Fault: Failure, Equatable {
    let description: String
    let exitStatus: Failures.ExitStatus
  }

  private struct Unknown: Error {}

  private func failures(
    ranks: Int, _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws -> [Outcome?] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      do {
        try body(communicator)
        return nil
      } catch {
        return Outcome(message: "\(error)", status: Failures.ExitStatus(error))
      }
    }
  }

  @Test("where one rank fails, all throw its message and its exit code")
  func oneFails() throws {
    let failures = try failures(ranks: 3) { communicator in
      try Agreement(communicator).perform {
        if communicator.rank == 1 {
          throw Fault(description: "no file", exitStatus: .unusableInput)
        }
      }
    }
    let expected = Outcome(
      message: "rank 1: no file", status: .unusableInput)
    #expect(failures == [expected, expected, expected])
  }

  @Test("of several failures all throw the lowest rank's, and rank 0's without its number")
  func lowestRank() throws {
    let failures = try failures(ranks: 3) { communicator in
      try Agreement(communicator).perform {
        if communicator.rank != 1 {
          throw Fault(description: "\(communicator.rank + 1) MiB", exitStatus: .outOfMemory)
        }
      }
    }
    let expected = Outcome(message: "1 MiB", status: .outOfMemory)
    #expect(failures == [expected, expected, expected])
  }

  @Test("if no rank fails, every rank keeps its value")
  func values() throws {
    let values = try InProcessCommunicator.run(ranks: 3) { communicator in
      try Agreement(communicator).perform { communicator.rank * 10 }
    }
    #expect(values == [0, 10, 20])
  }

  @Test("work of the root runs there only, and its failure is everyone's")
  func root() throws {
    let ran = try InProcessCommunicator.run(ranks: 3) { communicator in
      var ran = false
      try Agreement(communicator).performOnRoot { ran = true }
      return ran
    }
    #expect(ran == [true, false, false])
    let failures = try failures(ranks: 2) { communicator in
      try Agreement(communicator).performOnRoot {
        throw Fault(description: "wrong", exitStatus: .usage)
      }
    }
    #expect(failures[0] != nil && failures[0] == failures[1])
    #expect(failures[0]?.status == .usage)
  }

  @Test("where a value is not the same on all ranks, all throw which rank has another")
  func different() throws {
    let failures = try failures(ranks: 3) { communicator in
      try Agreement(communicator).requireSame([("letters", "a"), ("none", "")])
      try Agreement(communicator).requireSame([
        ("numbers", "1"), ("letters", communicator.rank == 2 ? "b" : "a"),
      ])
    }
    let expected = Outcome(
      message: "ranks differ in letters: a on rank 0, but b on rank 2", status: .launch)
    #expect(failures == [expected, expected, expected])
  }

  @Test("an error without an exit code is an internal error on every rank")
  func unknown() throws {
    let failures = try failures(ranks: 2) { communicator in
      try Agreement(communicator).perform { throw Unknown() }
    }
    #expect(failures.map(\.?.status) == [.internalError, .internalError])
  }

  @Test("a rank alone throws its error as it is")
  func alone() {
    #expect(throws: Fault(description: "no file", exitStatus: .unusableInput)) {
      try Agreement(SoloCommunicator()).perform {
        throw Fault(description: "no file", exitStatus: .unusableInput)
      }
    }
  }
}
