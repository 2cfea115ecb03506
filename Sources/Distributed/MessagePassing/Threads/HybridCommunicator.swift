import Failures

/// Ranks that are threads: every thread of every process of an outer communicator is a rank.
///
/// The threads of process 0 are the first ranks, those of process 1 come next, and so on. A
/// collective combines the threads of each process in shared memory, and then the processes by the
/// outer communicator, which only thread 0 of each process uses. Each thread reduces a slice of the
/// elements, adding the threads in order; nothing is allocated. Threads that disagree about a
/// collective, its count or its root trap.
public final class HybridCommunicator: Communicator {
  public let rank: Int
  public let size: Int
  /// Processes share memory only if all have the same number of threads: node memory is divided
  /// evenly.
  public let node: NodeGroup
  private let team: ThreadTeam
  private let calls: ThreadCalls
  private let ranks: ThreadRanks
  private let outer: any Communicator
  /// Copies that this thread makes when the allreduce over processes has ended; unused by one
  /// process.
  private let pending: PendingCopies

  init(
    thread: Int, team: ThreadTeam, calls: ThreadCalls, ranks: ThreadRanks, outer: any Communicator
  ) {
    rank = ranks.first(of: outer.rank) + thread
    size = ranks.count
    let processesShare = outer.node.size > 1 && ranks.areEven
    node = NodeGroup(
      rank: (processesShare ? outer.node.rank * team.size : 0) + thread,
      size: (processesShare ? outer.node.size : 1) * team.size, thread: thread, threads: team.size)
    self.team = team
    self.calls = calls
    self.ranks = ranks
    self.outer = outer
    pending = PendingCopies()
  }

  private var thread: Int { node.thread }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    allreduce(buffer, as: .allreduceFloat) { outer.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    allreduce(buffer, as: .allreduceDouble) { outer.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    allreduce(buffer, as: .allreduceInt64) { outer.allreduce(buffer) }
  }

  /// Adds the threads at once, and starts the allreduce over processes.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    startAllreduce(buffer, as: .startAllreduceFloat) { outer.startAllreduce($0) }
  }

  /// Adds the threads at once, and starts the allreduce over processes.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    startAllreduce(buffer, as: .startAllreduceInt64) { outer.startAllreduce($0) }
  }

  public func progress() {
    if thread == 0 { outer.progress() }
  }

  public func waitForAllreduces() {
    guard outer.size > 1 else { return }
    if thread == 0 { outer.waitForAllreduces() }
    meet(.waitForAllreduces)
    pending.copyAll()
    team.wait()
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(
      (0..<size).contains(root), "broadcast from rank \(root), but there are \(size) ranks")
    meet(.broadcast(root: root), count: bytes.count, base: bytes.baseAddress)
    let location = ranks.location(of: root)
    // The root's process copies from the root's buffer, another process from that of its thread 0.
    let source = location.process == outer.rank ? location.thread : 0
    if outer.size > 1 {
      if thread == 0 { outer.broadcast(calls.bytes(of: source), from: location.process) }
      team.wait()
    }
    // Threads may pass memory that they share.
    if bytes.baseAddress != calls.bytes(of: source).baseAddress && bytes.count > 0 {
      bytes.copyMemory(from: UnsafeRawBufferPointer(calls.bytes(of: source)))
    }
    team.wait()
  }

  public func barrier() {
    meet(.barrier)
    if thread == 0 { outer.barrier() }
    team.wait()
  }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try handOver(.oncePerProcess, make)
  }

  /// Memory for thread 0 only: its buffer is the one that processes reduce.
  public func reductionMemory(bytes: Int) -> SharedMemory? {
    thread == 0 ? outer.reductionMemory(bytes: bytes) : nil
  }

  public func nodeMemory(bytes: Int) -> SharedMemory? {
    node.size > team.size ? handOver(.nodeMemory) { outer.nodeMemory(bytes: bytes) } : nil
  }

  public func nodeBarrier() {
    meet(.nodeBarrier)
    if thread == 0 && node.size > team.size { outer.nodeBarrier() }
    team.wait()
  }

  public func duplicate() -> any Communicator {
    struct Copies: Sendable {
      let calls: ThreadCalls
      let outer: any Communicator
    }
    let copies = handOver(.duplicate) {
      Copies(calls: ThreadCalls(size: team.size), outer: outer.duplicate())
    }
    return HybridCommunicator(
      thread: thread, team: team, calls: copies.calls, ranks: ranks, outer: copies.outer)
  }

  /// Program point of thread 0, which makes the collectives of the process; nil on the other
  /// threads.
  public var programPoint: ProgramPoint? {
    get { thread == 0 ? outer.programPoint : nil }
    set { if thread == 0 { outer.programPoint = newValue } }
  }

  public func beat() { outer.beat() }

  public func abort(code: Int32) -> Never { outer.abort(code: code) }

  /// Publishes this thread's call, and returns when all threads of the process have published
  /// theirs.
  private func meet(
    _ operation: ThreadCalls.Operation, count: Int = 0, base: UnsafeMutableRawPointer? = nil
  ) {
    calls.publish(ThreadCalls.Call(operation: operation, count: count, base: base), by: thread)
    team.wait()
    calls.requireAgreement(of: thread)
  }

  private func allreduce<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, as operation: ThreadCalls.Operation,
    overProcesses reduce: () -> Void
  ) {
    meet(operation, count: buffer.count, base: UnsafeMutableRawPointer(buffer.baseAddress))
    if buffer.isEmpty {
      if outer.size > 1 && thread == 0 { reduce() }
      return team.wait()
    }
    let total = calls.elements(of: 0, as: Element.self)
    addThreads(buffer.count, of: Element.self)
    team.wait()
    guard outer.size > 1 else { return }
    if thread == 0 { reduce() }
    team.wait()
    if thread != 0 { buffer.baseAddress?.update(from: total, count: buffer.count) }
    team.wait()
  }

  private func startAllreduce<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, as operation: ThreadCalls.Operation,
    overProcesses start: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    meet(operation, count: buffer.count, base: UnsafeMutableRawPointer(buffer.baseAddress))
    guard !buffer.isEmpty else {
      if outer.size > 1 && thread == 0 { start(buffer) }
      return team.wait()
    }
    let total = calls.elements(of: 0, as: Element.self)
    addThreads(buffer.count, of: Element.self)
    team.wait()
    guard outer.size > 1 else { return }
    if thread == 0 {
      start(buffer)
    } else {
      pending.append(
        from: UnsafeRawBufferPointer(
          UnsafeMutableBufferPointer(start: total, count: buffer.count)),
        to: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Adds this thread's slice over the threads: into all buffers if there is one process.
  private func addThreads<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ count: Int, of type: Element.Type
  ) {
    SliceReduction(slice: thread, slices: team.size)
      .add(count, into: outer.size == 1 ? .all : .first) { calls.elements(of: $0, as: type) }
  }

  /// Calls `make` on thread 0 and returns its result on all threads of the process.
  private func handOver<Value: Sendable, Failure: Error>(
    _ operation: ThreadCalls.Operation, _ make: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    meet(operation)
    if thread == 0 { calls.handedOver = Result(catching: make) }
    team.wait()
    guard let result = calls.handedOver as? Result<Value, Failure> else {
      unreachable("thread 0 hands over no \(Value.self)")
    }
    team.wait()
    if thread == 0 { calls.handedOver = nil }
    return try result.get()
  }
}
