/// A communicator that adds up how long its rank spends in collectives: moving data, and waiting.
///
/// Used by one thread at a time, like the communicator it stands for; nothing is allocated.
public final class TimedCommunicator: Communicator, @unchecked Sendable {
  private let base: any Communicator
  private let clock = ContinuousClock()

  /// Time spent in collectives since the start, in those of duplicates not included.
  public private(set) var spent = Duration.zero

  public init(_ base: any Communicator) { self.base = base }

  public var rank: Int { base.rank }
  public var size: Int { base.size }
  public var thread: Int { base.thread }
  public var threads: Int { base.threads }

  public func meetThreads() { timed { base.meetThreads() } }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try base.oncePerProcess(make)
  }

  public var sharer: Int { base.sharer }
  public var sharers: Int { base.sharers }

  public func reductionMemory(bytes: Int) -> SharedMemory? {
    timed { base.reductionMemory(bytes: bytes) }
  }

  public func nodeMemory(bytes: Int) -> SharedMemory? {
    timed { base.nodeMemory(bytes: bytes) }
  }

  public func nodeBarrier() { timed { base.nodeBarrier() } }

  public var programPoint: ProgramPoint? {
    get { base.programPoint }
    set { base.programPoint = newValue }
  }

  public func beat() { base.beat() }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    timed { base.allreduce(buffer) }
  }
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    timed { base.allreduce(buffer) }
  }
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    timed { base.allreduce(buffer) }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    timed { base.startAllreduce(buffer) }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    timed { base.startAllreduce(buffer) }
  }

  public func progress() { timed { base.progress() } }
  public func waitForAllreduces() { timed { base.waitForAllreduces() } }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    timed { base.broadcast(bytes, from: root) }
  }

  public func barrier() { timed { base.barrier() } }

  public func allGather(_ bytes: [UInt8]) -> [[UInt8]] { timed { base.allGather(bytes) } }

  /// A duplicate with a time of its own.
  public func duplicate() -> any Communicator { TimedCommunicator(base.duplicate()) }

  public func abort(code: Int32) -> Never { base.abort(code: code) }

  private func timed<Result>(_ body: () -> Result) -> Result {
    let start = clock.now
    defer { spent += clock.now - start }
    return body()
  }
}
