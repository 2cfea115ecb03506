import Foundation
import InProcessRanks
import MessagePassing
import Testing

/// An error that names the rank that threw it.
private struct RankFailure: Error, Equatable {
  var rank: Int
}

@Suite struct InProcessCommunicatorTests {
  @Test("ranks are numbered, and divided by color", arguments: [1, 2, 3, 5])
  func split(ranks: Int) throws {
    let numbers = try InProcessCommunicator.run(ranks: ranks) { communicator in
      CommunicatorClaims.splitsByColor(communicator)
      return communicator.rank
    }
    #expect(numbers == Array(0..<ranks))
  }

  @Test("two hundred sums in a row come out right", arguments: [1, 2, 3, 5])
  func repeated(ranks: Int) throws {
    _ = try InProcessCommunicator.run(ranks: ranks) { communicator in
      for round in 0..<200 {
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: round % 9, salt: round)
        if round % 3 == 0 { communicator.barrier() }
      }
    }
  }

  @Test("sums add in rank order, whoever comes first", arguments: [2, 3, 5])
  func rankOrder(ranks: Int) throws {
    @Sendable func part(_ rank: Int) -> Float { 1 / Float(3 * rank + 1) }
    let plain = (1..<ranks).reduce(part(0)) { $0 + part($1) }
    let sums = try InProcessCommunicator.run(ranks: ranks) { communicator in
      // The last rank comes first.
      Thread.sleep(forTimeInterval: 0.002 * Double(ranks - communicator.rank))
      var values = [Float](repeating: part(communicator.rank), count: 7)
      values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      return values
    }
    for sum in sums { #expect(sum == Array(repeating: plain, count: 7)) }
  }

  @Test("a barrier holds everybody until the last one comes")
  func barrier() throws {
    let late = Duration.milliseconds(30)
    let start = ContinuousClock.now
    let passed = try InProcessCommunicator.run(ranks: 3) { communicator in
      if communicator.rank == 1 { Thread.sleep(forTimeInterval: 0.03) }
      communicator.barrier()
      return ContinuousClock.now - start
    }
    for time in passed { #expect(time >= late) }
  }

  @Test("the error of the lowest rank is rethrown")
  func rethrow() {
    #expect(throws: RankFailure(rank: 1)) {
      try InProcessCommunicator.run(ranks: 4) { communicator in
        communicator.barrier()
        if communicator.rank >= 1 { throw RankFailure(rank: communicator.rank) }
      }
    }
  }

  @Test("an error is rethrown though the other ranks wait for the one that threw it")
  func rethrowWhileOthersWait() {
    #expect(throws: RankFailure(rank: 2)) {
      try InProcessCommunicator.run(ranks: 3) { communicator in
        if communicator.rank == 2 { throw RankFailure(rank: 2) }
        communicator.barrier()
      }
    }
  }

  @Test("ranks that disagree about a count trap with both counts")
  func mismatch() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try InProcessCommunicator.run(ranks: 2) { communicator in
        var values = [Float](repeating: 1, count: 3 + communicator.rank)
        values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      words.contains("rank 0 calls allreduceFloat of 3, rank 1 calls allreduceFloat of 4"),
      "\(words)")
  }

  @Test("a buffer that is written between the start of its sum and its end traps")
  func writtenWhileSummed() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try InProcessCommunicator.run(ranks: 1) { communicator in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3)
        buffer.initialize(repeating: 1)
        communicator.startAllreduce(buffer)
        buffer[2] = 2
        communicator.waitForAllreduces()
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("buffer 0 was written between"), "\(words)")
  }

  @Test("a rank that returns while another waits for it traps instead of hanging")
  func deadlock() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try InProcessCommunicator.run(ranks: 2) { communicator in
        if communicator.rank == 0 { communicator.barrier() }
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("1 of 2 ranks have ended"), "\(words)")
  }
}
