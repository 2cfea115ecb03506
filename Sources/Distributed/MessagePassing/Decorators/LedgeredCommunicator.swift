/// A communicator whose collectives are recorded in a ``CollectiveLedger``.
///
/// Duplicates share the ledger, each as a stream of its own.
public final class LedgeredCommunicator: Communicator {
  public let rank: Int
  public let size: Int
  public let ledger: CollectiveLedger
  private let base: any Communicator
  private let stream: Int

  /// - Parameter ledger: this rank's, and no other's.
  public convenience init(_ base: any Communicator, ledger: CollectiveLedger) {
    self.init(base, ledger: ledger, stream: 0)
  }

  private init(_ base: any Communicator, ledger: CollectiveLedger, stream: Int) {
    self.base = base
    self.ledger = ledger
    self.stream = stream
    rank = base.rank
    size = base.size
  }

  public var thread: Int { base.thread }
  public var threads: Int { base.threads }

  public func meetThreads() { base.meetThreads() }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try base.oncePerProcess(make)
  }

  public var sharer: Int { base.sharer }
  public var sharers: Int { base.sharers }

  public func reductionMemory(bytes: Int) -> SharedMemory? {
    var memory: SharedMemory?
    ledger.record(.shareMemory, count: bytes, stream: stream) {
      memory = base.reductionMemory(bytes: bytes)
    }
    return memory
  }

  public func nodeMemory(bytes: Int) -> SharedMemory? {
    var memory: SharedMemory?
    ledger.record(.shareMemory, count: bytes, stream: stream) {
      memory = base.nodeMemory(bytes: bytes)
    }
    return memory
  }

  public func nodeBarrier() {
    ledger.record(.nodeBarrier, stream: stream) { base.nodeBarrier() }
  }

  public var programPoint: ProgramPoint? {
    get { ledger.programPoint }
    set { if let newValue { ledger.programPoint = newValue } }
  }

  public func beat() { ledger.beat() }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.allreduceFloat, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    ledger.record(.allreduceDouble, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.allreduceInt64, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  /// Recorded when it is started; where ranks wait for it is ``waitForAllreduces()``.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.allreduceFloat, count: buffer.count, stream: stream) {
      base.startAllreduce(buffer)
    }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.allreduceInt64, count: buffer.count, stream: stream) {
      base.startAllreduce(buffer)
    }
  }

  public func progress() { base.progress() }

  public func waitForAllreduces() {
    ledger.record(.waitForAllreduces, stream: stream) { base.waitForAllreduces() }
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    ledger.record(.broadcast(root: root), count: bytes.count, stream: stream) {
      base.broadcast(bytes, from: root)
    }
  }

  public func barrier() {
    ledger.record(.barrier, stream: stream) { base.barrier() }
  }

  public func duplicate() -> any Communicator {
    var copy = base
    ledger.record(.duplicate, stream: stream) { copy = base.duplicate() }
    return LedgeredCommunicator(copy, ledger: ledger, stream: ledger.openStream())
  }

  public func abort(code: Int32) -> Never { base.abort(code: code) }
}
