/// An observer of the collectives that a ``TimedCommunicator`` makes; must not allocate.
public protocol CollectiveRecorder: AnyObject {
  /// - Parameter duration: of the collective that has just ended, waiting included.
  func collective(bytes: Int, duration: Duration)
}

/// A communicator that adds up the time its rank spends in collectives: moving data, and waiting.
///
/// Used by one thread at a time, like its base; nothing is allocated.
public final class TimedCommunicator: CommunicatorDecorator, @unchecked Sendable {
  public let base: any Communicator
  private let clock = ContinuousClock()

  /// Time spent in collectives since the start, without those of duplicates.
  public private(set) var spent = Duration.zero

  /// Told of every collective on values, and of every wait, if set.
  public var recorder: (any CollectiveRecorder)?

  public init(_ base: any Communicator) { self.base = base }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    timed(bytes: buffer.count * MemoryLayout<Float>.stride) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    timed(bytes: buffer.count * MemoryLayout<Double>.stride) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    timed(bytes: buffer.count * MemoryLayout<Int64>.stride) { base.allreduce(buffer) }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    timed(bytes: buffer.count * MemoryLayout<Float>.stride) { base.startAllreduce(buffer) }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    timed(bytes: buffer.count * MemoryLayout<Int64>.stride) { base.startAllreduce(buffer) }
  }

  public func progress() { timed { base.progress() } }
  public func waitForAllreduces() { timed(bytes: 0) { base.waitForAllreduces() } }

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

  /// - Parameter bytes: nil for what the recorder is not told of.
  private func timed<Result>(bytes: Int? = nil, _ body: () -> Result) -> Result {
    let start = clock.now
    defer {
      let duration = clock.now - start
      spent += duration
      if let bytes { recorder?.collective(bytes: bytes, duration: duration) }
    }
    return body()
  }
}
