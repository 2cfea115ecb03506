/// A communicator that records its collectives in a ``CollectiveLedger``.
///
/// Duplicates share the ledger; each is a stream of its collectives.
public final class LedgeredCommunicator: CommunicatorDecorator {
  public let base: any Communicator
  public let ledger: CollectiveLedger
  private let stream: Int

  /// - Parameter ledger: a ledger that no other rank uses.
  public convenience init(_ base: any Communicator, ledger: CollectiveLedger) {
    self.init(base, ledger: ledger, stream: 0)
  }

  private init(_ base: any Communicator, ledger: CollectiveLedger, stream: Int) {
    self.base = base
    self.ledger = ledger
    self.stream = stream
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.allreduceFloat, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    ledger.record(.allreduceDouble, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.allreduceInt64, count: buffer.count, stream: stream) { base.allreduce(buffer) }
  }

  /// Records the allreduce at its start; ranks wait for it in ``waitForAllreduces()``.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    ledger.record(.allreduceFloat, count: buffer.count, stream: stream) {
      base.startAllreduce(buffer)
    }
  }

  /// Records the allreduce at its start; ranks wait for it in ``waitForAllreduces()``.
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    ledger.record(.allreduceInt64, count: buffer.count, stream: stream) {
      base.startAllreduce(buffer)
    }
  }

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

  public func duplicate() -> any Communicator {
    var copy = base
    ledger.record(.duplicate, stream: stream) { copy = base.duplicate() }
    return LedgeredCommunicator(copy, ledger: ledger, stream: ledger.openStream())
  }

  /// Point of the program in the ledger; nil does not change it.
  public var programPoint: ProgramPoint? {
    get { ledger.programPoint }
    set { if let newValue { ledger.programPoint = newValue } }
  }

  public func beat() { ledger.beat() }
}
