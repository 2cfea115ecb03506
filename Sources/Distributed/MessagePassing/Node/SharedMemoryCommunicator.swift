/// Ranks of a node that have mapped memory of one another and reduce in it; see ``NodeAllreduce``.
///
/// The base communicator makes all other collectives: allreduces of large buffers in other memory,
/// started allreduces, and rare operations. Used by one thread at a time, like its base, duplicates
/// included.
public final class SharedMemoryCommunicator: CommunicatorDecorator {
  public let base: any Communicator
  private let allreduce: NodeAllreduce

  /// Nil on all ranks unless every node has the same number of ranks, at least two, that can map
  /// one another's memory.
  ///
  /// Collective.
  public convenience init?(over base: any SplittableCommunicator) {
    self.init(over: base, host: JobMembers.hostName())
  }

  /// - Parameter host: name of the node that the rank counts itself to.
  package convenience init?(over base: any SplittableCommunicator, host: String) {
    guard let allreduce = NodeAllreduce(over: base, host: host) else { return nil }
    self.init(base, allreduce)
  }

  private init(_ base: any Communicator, _ allreduce: NodeAllreduce) {
    self.base = base
    self.allreduce = allreduce
  }

  public var node: NodeGroup { allreduce.node }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    if !allreduce.reduce(buffer, for: .allreduceFloat, across: { $0.allreduce($1) }) {
      base.allreduce(buffer)
    }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    if !allreduce.reduce(buffer, for: .allreduceDouble, across: { $0.allreduce($1) }) {
      base.allreduce(buffer)
    }
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    if !allreduce.reduce(buffer, for: .allreduceInt64, across: { $0.allreduce($1) }) {
      base.allreduce(buffer)
    }
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? {
    allreduce.makeReductionMemory(bytes: bytes)
  }

  public func nodeMemory(bytes: Int) -> SharedMemory? { allreduce.makeMemory(bytes: bytes) }
  public func nodeBarrier() { allreduce.barrier() }

  /// A duplicate that reduces in the same memory: blocking allreduces follow each other on all
  /// ranks, whichever communicator makes them.
  public func duplicate() -> any Communicator {
    SharedMemoryCommunicator(base.duplicate(), allreduce)
  }
}
