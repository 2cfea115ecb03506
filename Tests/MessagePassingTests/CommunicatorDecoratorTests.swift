import Foundation
import MessagePassing
import Synchronization
import Testing

/// A rank that records the calls that it gets, and answers with values that no default has.
private final class RecordingCommunicator: Communicator {
  let rank = 3
  let size = 7
  let node = NodeGroup(rank: 2, size: 6, thread: 1, threads: 3)
  private let log = Mutex([String]())
  private let point = Mutex(ProgramPoint(step: 4, .forward))

  /// The calls since the last time this was read.
  var calls: [String] {
    log.withLock { calls in
      defer { calls = [] }; return calls
    }
  }

  private func record(_ call: String) { log.withLock { $0.append(call) } }

  func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    record("allreduce \(buffer.count) floats")
  }

  func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    record("allreduce \(buffer.count) doubles")
  }

  func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    record("allreduce \(buffer.count) integers")
  }

  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    record("start \(buffer.count) floats")
  }

  func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    record("start \(buffer.count) integers")
  }

  func progress() { record("progress") }
  func waitForAllreduces() { record("wait") }

  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    record("broadcast \(bytes.count) from \(root)")
  }

  func barrier() { record("barrier") }

  func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    record("once")
    return try make()
  }

  func reductionMemory(bytes: Int) -> SharedMemory? {
    record("reduction memory \(bytes)")
    return nil
  }

  func nodeMemory(bytes: Int) -> SharedMemory? {
    record("node memory \(bytes)")
    return nil
  }

  func nodeBarrier() { record("node barrier") }

  func duplicate() -> any Communicator {
    record("duplicate")
    return self
  }

  var programPoint: ProgramPoint? {
    get { point.withLock(\.self) }
    set { if let newValue { point.withLock { $0 = newValue } } }
  }

  func beat() { record("beat") }

  func abort(code: Int32) -> Never { exit(code) }
}

@Suite struct CommunicatorDecoratorTests {
  @Test("a decorator that changes nothing makes each call of its base once, and answers as it does")
  func forwards() throws {
    let base = RecordingCommunicator()
    let communicator: any Communicator = UnchangedCommunicator(base)
    #expect(communicator.rank == 3 && communicator.size == 7)
    #expect(communicator.node == base.node)

    var (floats, doubles, integers) = (
      [Float](repeating: 0, count: 1), [0.0, 0], [Int64](repeating: 0, count: 3)
    )
    floats.withUnsafeMutableBufferPointer {
      communicator.allreduce($0)
      communicator.startAllreduce($0)
    }
    doubles.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    integers.withUnsafeMutableBufferPointer {
      communicator.allreduce($0)
      communicator.startAllreduce($0)
    }
    #expect(
      base.calls == [
        "allreduce 1 floats", "start 1 floats", "allreduce 2 doubles", "allreduce 3 integers",
        "start 3 integers",
      ])
    communicator.progress()
    communicator.waitForAllreduces()
    integers.withUnsafeMutableBytes { communicator.broadcast($0, from: 5) }
    communicator.barrier()
    #expect(base.calls == ["progress", "wait", "broadcast 24 from 5", "barrier"])
    #expect(try communicator.oncePerProcess { 17 } == 17)
    #expect(communicator.reductionMemory(bytes: 40) == nil)
    #expect(communicator.nodeMemory(bytes: 50) == nil)
    communicator.nodeBarrier()
    #expect(base.calls == ["once", "reduction memory 40", "node memory 50", "node barrier"])
    #expect((communicator.duplicate() as? UnchangedCommunicator)?.base === base)
    communicator.beat()
    #expect(base.calls == ["duplicate", "beat"])
    #expect(communicator.programPoint == ProgramPoint(step: 4, .forward))
    communicator.enter(.update)
    #expect(base.programPoint == ProgramPoint(step: 4, .update))
  }

  @Test("a decorator that changes nothing ends the job with the code of its base")
  func abort() async {
    await #expect(processExitsWith: .exitCode(42)) {
      UnchangedCommunicator(RecordingCommunicator()).abort(code: 42)
    }
  }

  @Test("the diagnosis and the shared memory of a base reach through a tower of decorators")
  func tower() throws {
    let kind = CommunicatorCase.sharedMemory([2], threads: 2)
    try kind.run { shared in
      let ledger = CollectiveLedger()
      let tower = TimedCommunicator(
        UnchangedCommunicator(LedgeredCommunicator(shared, ledger: ledger)))
      #expect(tower.node == shared.node && tower.node.size == 4)
      tower.programPoint = ProgramPoint(step: 2, .backward)
      tower.nodeBarrier()
      #expect(ledger.programPoint == ProgramPoint(step: 2, .backward))
      #expect(ledger.entries.map(\.operation) == [.nodeBarrier])
    }
  }
}
