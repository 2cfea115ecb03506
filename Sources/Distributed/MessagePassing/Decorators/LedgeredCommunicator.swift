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

  public func sharedMemory(bytes: Int) -> SharedMemory? {
    var memory: SharedMemory?
    ledger.record(.shareMemory, count: bytes, stream: stream) {
      memory = base.sharedMemory(bytes: bytes)
    }
    return memory
  }

  public func commonMemory(bytes: Int) -> SharedMemory? {
    var memory: SharedMemory?
    ledger.record(.shareMemory, count: bytes, stream: stream) {
      memory = base.commonMemory(bytes: bytes)
    }
    return memory
  }

  public func meetSharers() {
    ledger.record(.meetSharers, stream: stream) { base.meetSharers() }
  }

  public var place: Place? {
    get { ledger.place }
    set { if let newValue { ledger.place = newValue } }
  }

  public func beat() { ledger.beat() }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.sumFloat, count: buffer.count, stream: stream) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Double>) {
    ledger.record(.sumDouble, count: buffer.count, stream: stream) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.sumInt64, count: buffer.count, stream: stream) { base.sum(buffer) }
  }

  /// Recorded when it is started; where ranks wait for it is ``finishSums()``.
  public func startSum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.sumFloat, count: buffer.count, stream: stream) { base.startSum(buffer) }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.sumInt64, count: buffer.count, stream: stream) { base.startSum(buffer) }
  }

  public func advanceSums() { base.advanceSums() }

  public func finishSums() {
    ledger.record(.finishSums, stream: stream) { base.finishSums() }
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
