import Foundation
import InProcessRanks
import MessagePassing
import Testing

@Suite struct SharedMemoryCommunicatorTests {
  /// Number of ranks of each node.
  private static let nodes = [[2], [3], [5], [2, 2], [3, 3], [2, 2, 2]]

  /// Runs `body` on ranks that are threads: each maps the memory of the others on its node as
  /// processes do.
  private func run(
    _ nodes: [Int], _ body: @escaping @Sendable (any Communicator) -> Void
  ) throws {
    let hosts = nodes.enumerated().flatMap {
      Array(repeating: "\($0.offset)", count: $0.element)
    }
    _ = try InProcessCommunicator.run(ranks: hosts.count) { base in
      guard let communicator = SharedMemoryCommunicator(over: base, host: hosts[base.rank]) else {
        Issue.record("rank \(base.rank) of nodes of \(nodes) cannot share memory")
        return
      }
      body(communicator)
    }
  }

  @Test("a thousand small sums in a row come out right, whoever is late")
  func repeated() throws {
    try run([3]) { communicator in
      for round in 0..<1000 {
        if round % 100 == 30 * communicator.rank { Thread.sleep(forTimeInterval: 0.012) }
        CommunicatorClaims.sumsEqualPlainSums(communicator, count: 1 + round % 9, salt: round)
      }
    }
  }

  @Test(
    "buffers in reduction memory are reduced in place, in slices, by duplicates too",
    arguments: nodes)
  func inPlace(nodes: [Int]) throws {
    let count = 50_007
    let ranks = nodes.reduce(0, +)
    try run(nodes) { communicator in
      let copy = communicator.duplicate()
      guard let memory = communicator.reductionMemory(bytes: 4 * count) else {
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
        summing.allreduce(UnsafeMutableBufferPointer(rebasing: values[..<10_001]))
        summing.allreduce(UnsafeMutableBufferPointer(rebasing: values[10_001...]))
        let plain = (0..<count).map { index in
          Float((0..<ranks).reduce(0) { $0 + value($1, index) }) / 4
        }
        #expect(Array(values) == plain)
        communicator.barrier()
      }
    }
  }

  @Test("ranks are added in order, in every kind of memory")
  func order() throws {
    let counts = [100, 20_000, 50_000]
    try run([3]) { communicator in
      func part(_ rank: Int) -> Float { 1 / Float(3 * rank + 1) }
      let plain = part(0) + part(1) + part(2)
      guard let memory = communicator.reductionMemory(bytes: 200_000) else {
        Issue.record("rank \(communicator.rank) gets no memory")
        return
      }
      for count in counts {
        var values = [Float](repeating: part(communicator.rank), count: min(count, 20_000))
        values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
        #expect(values.allSatisfy { $0 == plain })
        let shared = UnsafeMutableBufferPointer(
          start: memory.base.assumingMemoryBound(to: Float.self), count: count)
        shared.update(repeating: part(communicator.rank))
        communicator.allreduce(shared)
        #expect(shared.allSatisfy { $0 == plain })
        communicator.barrier()
      }
    }
  }

  @Test(
    "nodes with one rank each, or with different numbers of ranks, share no memory",
    arguments: [[1], [1, 1], [2, 1], [3, 2]])
  func unlike(nodes: [Int]) throws {
    let hosts = nodes.enumerated().flatMap {
      Array(repeating: "\($0.offset)", count: $0.element)
    }
    let shares = try InProcessCommunicator.run(ranks: hosts.count) { base in
      SharedMemoryCommunicator(over: base, host: hosts[base.rank]) != nil
    }
    #expect(shares == hosts.map { _ in false })
  }

  @Test("memory beyond the limit of a file's size is refused, and allreduces work without it")
  func sizeLimit() async {
    await #expect(processExitsWith: .success) {
      // The process that started the tests may have it ignored or blocked.
      signal(SIGXFSZ, SIG_DFL)
      var signals = sigset_t()
      sigaddset(&signals, SIGXFSZ)
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
        fatalError("no limit: \(errno)")
      }
      _ = try InProcessCommunicator.run(ranks: 2) { base in
        guard let communicator = SharedMemoryCommunicator(over: base, host: "here") else {
          fatalError("slots are below the limit")
        }
        if communicator.reductionMemory(bytes: 2 << 20) != nil { fatalError("beyond the limit") }
        var values = [Float](repeating: 1, count: 1 << 19)
        values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
        if values.contains(where: { $0 != 2 }) { fatalError("a wrong sum") }
      }
    }
  }
}
