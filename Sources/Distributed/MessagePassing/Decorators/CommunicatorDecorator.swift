/// A communicator that changes some operations of another one, and forwards all others to it.
///
/// The extension below forwards every requirement but ``Communicator/duplicate()``: a decorator
/// says whether its duplicates are decorated too. So a decorator that leaves a requirement out
/// cannot switch off the diagnosis or the shared memory of its base.
public protocol CommunicatorDecorator: Communicator {
  /// Communicator of the same ranks that makes the collectives.
  var base: any Communicator { get }
}

extension CommunicatorDecorator {
  public var rank: Int { base.rank }
  public var size: Int { base.size }
  public var node: NodeGroup { base.node }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) { base.allreduce(buffer) }
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) { base.allreduce(buffer) }
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) { base.allreduce(buffer) }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    base.startAllreduce(buffer)
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    base.startAllreduce(buffer)
  }

  public func progress() { base.progress() }
  public func waitForAllreduces() { base.waitForAllreduces() }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    base.broadcast(bytes, from: root)
  }

  public func barrier() { base.barrier() }

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try base.oncePerProcess(make)
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? { base.reductionMemory(bytes: bytes) }
  public func nodeMemory(bytes: Int) -> SharedMemory? { base.nodeMemory(bytes: bytes) }
  public func nodeBarrier() { base.nodeBarrier() }

  public var programPoint: ProgramPoint? {
    get { base.programPoint }
    set { base.programPoint = newValue }
  }

  public func beat() { base.beat() }

  public func abort(code: Int32) -> Never { base.abort(code: code) }
}
