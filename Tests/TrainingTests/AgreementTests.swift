import MessagePassing
import Tensors
import Testing
import Training

@Suite struct AgreementTests {
  /// What a rank's error says, and the exit code it leads to.
  private struct Failure: Equatable, Sendable {
    let message: String
    let status: Training.ExitStatus
  }

  private func failures(
    ranks: Int, _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws -> [Failure?] {
    try ThreadCommunicator.run(ranks: ranks) { communicator in
      do {
        try body(communicator)
        return nil
      } catch {
        return Failure(message: "\(error)", status: Training.ExitStatus(error))
      }
    }
  }

  @Test("where one rank fails, all throw its message and its exit code")
  func oneFails() throws {
    let failures = try failures(ranks: 3) { communicator in
      try Agreement(communicator).perform {
        if communicator.rank == 1 { throw TrainingError.nothingToResume(run: "runs/a") }
      }
    }
    let expected = Failure(
      message: "rank 1: \(TrainingError.nothingToResume(run: "runs/a"))", status: .unusableInput)
    #expect(failures == [expected, expected, expected])
  }

  @Test("of several failures all throw the lowest rank's, and rank 0's without its number")
  func lowestRank() throws {
    let failures = try failures(ranks: 3) { communicator in
      try Agreement(communicator).perform {
        if communicator.rank != 1 {
          throw ArenaError.outOfMemory(bytes: (communicator.rank + 1) << 20)
        }
      }
    }
    let expected = Failure(
      message: "\(ArenaError.outOfMemory(bytes: 1 << 20))", status: .outOfMemory)
    #expect(failures == [expected, expected, expected])
  }

  @Test("where none fails every rank keeps its own value")
  func values() throws {
    let values = try ThreadCommunicator.run(ranks: 3) { communicator in
      try Agreement(communicator).perform { communicator.rank * 10 }
    }
    #expect(values == [0, 10, 20])
  }

  @Test("work of the root runs there only, and its failure is everyone's")
  func root() throws {
    let ran = try ThreadCommunicator.run(ranks: 3) { communicator in
      var ran = false
      try Agreement(communicator).performOnRoot { ran = true }
      return ran
    }
    #expect(ran == [true, false, false])
    let failures = try failures(ranks: 2) { communicator in
      try Agreement(communicator).performOnRoot {
        throw TrainingError.batchSmallerThanRanks(batch: 1, ranks: 2)
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
    let expected = Failure(
      message: "ranks differ in letters: a on rank 0, but b on rank 2", status: .launch)
    #expect(failures == [expected, expected, expected])
  }

  @Test("a rank alone throws its error as it is")
  func alone() {
    #expect(throws: TrainingError.nothingToResume(run: "runs/a")) {
      try Agreement(SoloCommunicator()).perform {
        throw TrainingError.nothingToResume(run: "runs/a")
      }
    }
  }
}
