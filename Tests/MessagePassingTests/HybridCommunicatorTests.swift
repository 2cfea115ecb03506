import Foundation
import InProcessRanks
import MessagePassing
import Synchronization
import Testing

/// An error that names the rank that threw it.
private struct RankFailure: Error, Equatable {
  var rank: Int
}

@Suite struct HybridCommunicatorTests {
  /// Number of threads of each process; a process is a rank of the in-process communicator.
  private static let teams = [[2], [3], [5], [1, 1, 1], [2, 2], [1, 3], [3, 1, 2]]

  /// The results of `body` on all ranks, in rank order.
  private func run<Output: Sendable>(
    _ threads: [Int], _ body: @escaping @Sendable (any Communicator) throws -> Output
  ) throws -> [Output] {
    let outputs = Mutex([Int: Output]())
    @Sendable func runProcess(_ outer: any Communicator) throws {
      let team = try ThreadTeam(size: threads[outer.rank])
      try team.run(over: outer, abandon: { fatalError("rank \($1): \($0)") }) { communicator in
        let output = try body(communicator)
        outputs.withLock { $0[communicator.rank] = output }
      }
    }
    if threads.count == 1 {
      try runProcess(SoloCommunicator())
    } else {
      _ = try InProcessCommunicator.run(ranks: threads.count, runProcess)
    }
    let total = threads.reduce(0, +)
    return outputs.withLock { outputs in (0..<total).compactMap { outputs[$0] } }
  }

  @Test("ranks are the threads of process 0, those of process 1, and so on", arguments: teams)
  func ranks(threads: [Int]) throws {
    let places = try run(threads) { [$0.rank, $0.node.thread] }
    let expected = threads.flatMap { 0..<$0 }.enumerated().map { [$0.offset, $0.element] }
    #expect(places == expected)
  }

  @Test("two hundred sums in a row come out right", arguments: teams)
  func repeated(threads: [Int]) throws {
    _ = try run(threads) { communicator in
      for round in 0..<200 {
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: round % 9, salt: round)
        if round % 3 == 0 { communicator.barrier() }
      }
    }
  }

  @Test("sums add threads in order, whoever comes first", arguments: [2, 3, 5])
  func order(threads: Int) throws {
    @Sendable func part(_ rank: Int) -> Float { 1 / Float(3 * rank + 1) }
    let plain = (1..<threads).reduce(part(0)) { $0 + part($1) }
    let sums = try run([threads]) { communicator in
      // The last thread comes first.
      Thread.sleep(forTimeInterval: 0.002 * Double(threads - communicator.rank))
      // Several cache lines, so that every thread adds some.
      var values = [Float](repeating: part(communicator.rank), count: 100)
      values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      return values
    }
    for sum in sums { #expect(sum == Array(repeating: plain, count: 100)) }
  }

  @Test("a barrier holds everybody until the last one comes", arguments: [[3], [2, 2]])
  func barrier(threads: [Int]) throws {
    // The others sleep by then.
    let late = Duration.milliseconds(30)
    let start = ContinuousClock.now
    let passed = try run(threads) { communicator in
      if communicator.rank == 1 { Thread.sleep(forTimeInterval: 0.03) }
      communicator.barrier()
      return ContinuousClock.now - start
    }
    for time in passed { #expect(time >= late) }
  }

  @Test("a value that is made once per process is one object on all of its threads")
  func once() throws {
    final class Made: Sendable {}
    let count = Mutex(0)
    let identities = try run([2, 3]) { communicator in
      let made = try communicator.oncePerProcess {
        count.withLock { $0 += 1 }
        return Made()
      }
      communicator.barrier()
      return ObjectIdentifier(made)
    }
    #expect(count.withLock { $0 } == 2)
    #expect(Set(identities[0..<2]).count == 1 && Set(identities[2..<5]).count == 1)
  }

  @Test("an error in making a value once per process is thrown on all of its threads")
  func onceThrows() throws {
    let caught = try run([3]) { communicator in
      do {
        try communicator.oncePerProcess { throw RankFailure(rank: communicator.rank) }
        return -1
      } catch let failure as RankFailure {
        return failure.rank
      }
    }
    #expect(caught == [0, 0, 0])
  }

  @Test("the error of the lowest rank is rethrown")
  func rethrow() {
    #expect(throws: RankFailure(rank: 1)) {
      try run([4]) { communicator in
        communicator.barrier()
        if communicator.rank >= 1 { throw RankFailure(rank: communicator.rank) }
      }
    }
  }

  @Test("threads see what each has written before a node barrier, again and again")
  func nodeBarrier() throws {
    let board = UnsafeMutableBufferPointer<Int>.allocate(capacity: 3)
    board.initialize(repeating: -1)
    defer { board.deallocate() }
    let address = UInt(bitPattern: board.baseAddress)
    try ThreadTeam(size: 3).run(
      over: SoloCommunicator(), abandon: { fatalError("rank \($1): \($0)") }
    ) { communicator in
      let entries = UnsafeMutablePointer<Int>(bitPattern: address)
      #expect(communicator.node.size == 3 && communicator.node.threads == 3)
      for round in 0..<1000 {
        entries?[communicator.node.rank] = round
        communicator.nodeBarrier()
        for thread in 0..<3 { #expect(entries?[thread] == round) }
        communicator.nodeBarrier()
      }
    }
  }

  @Test("a process alone with one thread gets the outer communicator itself")
  func alone() throws {
    let outer = SoloCommunicator()
    try ThreadTeam(size: 1).run(over: outer, abandon: { fatalError("rank \($1): \($0)") }) {
      #expect($0 === outer)
    }
  }

  @Test("a thread that fails while others wait for it ends the process with its error and rank")
  func stray() async {
    let result = await #expect(
      processExitsWith: .exitCode(42), observing: [\.standardErrorContent]
    ) {
      let abandon: ThreadTeam.Abandon = { error, rank in
        FileHandle.standardError.write(Data("rank \(rank): \(error)".utf8))
        exit(42)
      }
      try ThreadTeam(size: 3).run(over: SoloCommunicator(), abandon: abandon) { communicator in
        if communicator.rank == 2 { throw RankFailure(rank: 2) }
        communicator.barrier()
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("rank 2: RankFailure(rank: 2)"), "\(words)")
  }

  @Test("a thread that returns while others wait for it traps instead of hanging")
  func deserted() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let abandon: ThreadTeam.Abandon = { _, _ in exit(0) }
      try ThreadTeam(size: 2).run(over: SoloCommunicator(), abandon: abandon) { communicator in
        if communicator.rank == 0 { communicator.barrier() }
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("a thread has ended while others wait for it"), "\(words)")
  }

  @Test("threads that disagree about a count trap with both counts")
  func mismatch() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let abandon: ThreadTeam.Abandon = { _, _ in exit(0) }
      try ThreadTeam(size: 2).run(over: SoloCommunicator(), abandon: abandon) { communicator in
        var values = [Float](repeating: 1, count: 3 + communicator.rank)
        values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      words.contains("thread 0 calls allreduceFloat of 3, thread 1 calls allreduceFloat of 4"),
      "\(words)")
  }
}
