/// Ranks whose sums are made in memory that those of a machine have mapped of one another; see ``NodeAllreduce``.
///
/// Everything else is left to the base communicator: sums of large buffers elsewhere, sums that are started, and
/// what is rare. Used by one thread at a time, like its base, duplicates included.
public final class SharedMemoryCommunicator: Communicator {
  private let base: any Communicator
  private let allreduce: NodeAllreduce

  /// Nil on all ranks unless machines have several ranks, each as many, which can map one another's memory.
  ///
  /// Collective.
  public convenience init?(over base: any SplittableCommunicator) {
    self.init(over: base, host: JobMembers.hostName())
  }

  /// - Parameter host: the machine that the rank takes for its own.
  package convenience init?(over base: any SplittableCommunicator, host: String) {
    guard let allreduce = NodeAllreduce(over: base, host: host) else { return nil }
    self.init(base, allreduce)
  }

  private init(_ base: any Communicator, _ allreduce: NodeAllreduce) {
    self.base = base
    self.allreduce = allreduce
  }

  public var rank: Int { base.rank }
  public var size: Int { base.size }

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

  public var sharer: Int { allreduce.nodeRank }
  public var sharers: Int { allreduce.nodeSize }

  public func reductionMemory(bytes: Int) -> SharedMemory? {
    allreduce.makeReductionMemory(bytes: bytes)
  }
  public func nodeMemory(bytes: Int) -> SharedMemory? { allreduce.makeMemory(bytes: bytes) }
  public func nodeBarrier() { allreduce.barrier() }

  /// Sums that are made at once follow each other on all ranks, of whichever communicator they are.
  public func duplicate() -> any Communicator {
    SharedMemoryCommunicator(base.duplicate(), allreduce)
  }

  public func abort(code: Int32) -> Never { base.abort(code: code) }
}
