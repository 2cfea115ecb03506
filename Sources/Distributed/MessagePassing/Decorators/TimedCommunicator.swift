/// A communicator that adds up the time its rank spends in collectives: moving data, and waiting.
///
/// Used by one thread at a time, like its base; nothing is allocated.
public final class TimedCommunicator: CommunicatorDecorator, @unchecked Sendable {
  public let base: any Communicator
  private let clock = ContinuousClock()

  /// Time spent in collectives since the start, without those of duplicates.
  public private(set) var spent = Duration.zero

  public init(_ base: any Communicator) { self.base = base }

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

  public func reductionMemory(bytes: Int) -> SharedMemory? {
    timed { base.reductionMemory(bytes: bytes) }
  }

  public func nodeMemory(bytes: Int) -> SharedMemory? {
    timed { base.nodeMemory(bytes: bytes) }
  }

  public func nodeBarrier() { timed { base.nodeBarrier() } }

  /// A duplicate that adds up a time for itself.
  public func duplicate() -> any Communicator { TimedCommunicator(base.duplicate()) }

  private func timed<Result>(_ body: () -> Result) -> Result {
    let start = clock.now
    defer { spent += clock.now - start }
    return body()
  }
}
