import Failures

/// Ranks that are threads: every thread of every process of an outer communicator is a rank.
///
/// Thread k of a process is the k-th rank behind those of the processes before it. A collective
/// combines the threads of each process in their shared memory and then the processes by the outer
/// communicator, which thread 0 of each process alone uses. Sums add threads in order, each thread a
/// part of the elements; nothing is allocated. Threads that disagree about the collective, its count
/// or its root trap.
public final class HybridCommunicator: Communicator {
  public let rank: Int
  public let size: Int
  public let thread: Int
  public var threads: Int { team.size }
  private let team: ThreadTeam
  private let calls: ThreadCalls
  private let ranks: ThreadRanks
  private let outer: any Communicator
  /// What of this thread waits for the processes' sums; only where there are several.
  private let pending: PendingCopies

  init(
    thread: Int, team: ThreadTeam, calls: ThreadCalls, ranks: ThreadRanks, outer: any Communicator
  ) {
    rank = ranks.first(of: outer.rank) + thread
    size = ranks.count
    self.thread = thread
    self.team = team
    self.calls = calls
    self.ranks = ranks
    self.outer = outer
    pending = PendingCopies()
  }

  /// That of thread 0, which makes the collectives of the process.
  public var programPoint: ProgramPoint? {
    get { thread == 0 ? outer.programPoint : nil }
    set { if thread == 0 { outer.programPoint = newValue } }
  }

  public func beat() { outer.beat() }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    allreduce(buffer, as: .allreduceFloat) { outer.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    allreduce(buffer, as: .allreduceDouble) { outer.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    allreduce(buffer, as: .allreduceInt64) { outer.allreduce(buffer) }
  }

  /// The threads are added at once, and the processes by the outer communicator's started sum.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    startAllreduce(buffer, as: .startAllreduceFloat) { outer.startAllreduce($0) }
  }

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
    team.meet()
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(
      (0..<size).contains(root), "broadcast from rank \(root), but there are \(size) ranks")
    meet(.broadcast(root: root), count: bytes.count, base: bytes.baseAddress)
    let location = ranks.location(of: root)
    // In root's process straight from its buffer, in the others through that of thread 0.
    let source = location.process == outer.rank ? location.thread : 0
    if outer.size > 1 {
      if thread == 0 { outer.broadcast(calls.bytes(of: source), from: location.process) }
      team.meet()
    }
    // Threads may have handed in memory that they have in common.
    if bytes.baseAddress != calls.bytes(of: source).baseAddress && bytes.count > 0 {
      bytes.copyMemory(from: UnsafeRawBufferPointer(calls.bytes(of: source)))
    }
    team.meet()
  }

  public func barrier() {
    meet(.barrier)
    if thread == 0 { outer.barrier() }
    team.meet()
  }

  public func meetThreads() {
    meet(.meetThreads)
    team.meet()
  }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try handOver(.oncePerProcess, make)
  }

  /// Processes with unlike numbers of threads share nothing: their shares of the work would be unlike too.
  private var processesShare: Bool { outer.sharers > 1 && ranks.areEven }

  public var sharer: Int { (processesShare ? outer.sharer * team.size : 0) + thread }
  public var sharers: Int { (processesShare ? outer.sharers : 1) * team.size }

  public func nodeMemory(bytes: Int) -> SharedMemory? {
    processesShare ? handOver(.nodeMemory) { outer.nodeMemory(bytes: bytes) } : nil
  }

  public func nodeBarrier() {
    meet(.nodeBarrier)
    if thread == 0 && processesShare { outer.nodeBarrier() }
    team.meet()
  }

  /// Threads of a process add in memory that is theirs anyway; what thread 0 has is summed over processes.
  public func reductionMemory(bytes: Int) -> SharedMemory? {
    thread == 0 ? outer.reductionMemory(bytes: bytes) : nil
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

  public func abort(code: Int32) -> Never { outer.abort(code: code) }

  /// Publishes this thread's part, and returns when all threads of the process have.
  private func meet(
    _ operation: ThreadCalls.Operation, count: Int = 0, base: UnsafeMutableRawPointer? = nil
  ) {
    calls.publish(ThreadCalls.Call(operation: operation, count: count, base: base), by: thread)
    team.meet()
    calls.requireAgreement(of: thread)
  }

  private func allreduce<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, as operation: ThreadCalls.Operation,
    overProcesses reduce: () -> Void
  ) {
    meet(operation, count: buffer.count, base: UnsafeMutableRawPointer(buffer.baseAddress))
    if buffer.isEmpty {
      if outer.size > 1 && thread == 0 { reduce() }
      return team.meet()
    }
    let total = calls.elements(of: 0, as: Element.self)
    addThreads(buffer.count, of: Element.self)
    team.meet()
    guard outer.size > 1 else { return }
    if thread == 0 { reduce() }
    team.meet()
    if thread != 0 { buffer.baseAddress?.update(from: total, count: buffer.count) }
    team.meet()
  }

  private func startAllreduce<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, as operation: ThreadCalls.Operation,
    overProcesses start: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    meet(operation, count: buffer.count, base: UnsafeMutableRawPointer(buffer.baseAddress))
    guard !buffer.isEmpty else {
      if outer.size > 1 && thread == 0 { start(buffer) }
      return team.meet()
    }
    let total = calls.elements(of: 0, as: Element.self)
    addThreads(buffer.count, of: Element.self)
    team.meet()
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

  /// This thread's share of the sum over threads; where there is one process, on all threads.
  private func addThreads<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ count: Int, of type: Element.Type
  ) {
    SliceReduction(share: thread, shares: team.size)
      .add(count, into: outer.size == 1 ? .all : .first) { calls.elements(of: $0, as: type) }
  }

  /// What `make` returns on thread 0, for all threads of the process.
  private func handOver<Value: Sendable, Failure: Error>(
    _ operation: ThreadCalls.Operation, _ make: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    meet(operation)
    if thread == 0 { calls.handedOver = Result(catching: make) }
    team.meet()
    guard let result = calls.handedOver as? Result<Value, Failure> else {
      unreachable("thread 0 hands over no \(Value.self)")
    }
    team.meet()
    if thread == 0 { calls.handedOver = nil }
    return try result.get()
  }
}
