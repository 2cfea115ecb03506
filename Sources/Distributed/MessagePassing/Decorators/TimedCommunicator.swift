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

  public func sharedMemory(bytes: Int) -> SharedMemory? {
    timed { base.sharedMemory(bytes: bytes) }
  }

  public func commonMemory(bytes: Int) -> SharedMemory? {
    timed { base.commonMemory(bytes: bytes) }
  }

  public func meetSharers() { timed { base.meetSharers() } }

  public var place: Place? {
    get { base.place }
    set { base.place = newValue }
  }

  public func beat() { base.beat() }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Float>) { timed { base.sum(buffer) } }
  public func sum(_ buffer: UnsafeMutableBufferPointer<Double>) { timed { base.sum(buffer) } }
  public func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) { timed { base.sum(buffer) } }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    timed { base.startSum(buffer) }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    timed { base.startSum(buffer) }
  }

  public func advanceSums() { timed { base.advanceSums() } }
  public func finishSums() { timed { base.finishSums() } }

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
