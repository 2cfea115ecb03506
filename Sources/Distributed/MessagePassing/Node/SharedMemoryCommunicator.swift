/// Ranks whose sums are made in memory that those of a machine have mapped of one another; see ``MachineSums``.
///
/// Everything else is left to the base communicator: sums of large buffers elsewhere, sums that are started, and
/// what is rare. Used by one thread at a time, like its base, duplicates included.
public final class SharedMemoryCommunicator: Communicator {
  private let base: any Communicator
  private let sums: MachineSums

  /// Nil on all ranks unless machines have several ranks, each as many, which can map one another's memory.
  ///
  /// Collective.
  public convenience init?(over base: any SplittableCommunicator) {
    self.init(over: base, host: JobRoster.hostName())
  }

  /// - Parameter host: the machine that the rank takes for its own.
  package convenience init?(over base: any SplittableCommunicator, host: String) {
    guard let sums = MachineSums(over: base, host: host) else { return nil }
    self.init(base, sums)
  }

  private init(_ base: any Communicator, _ sums: MachineSums) {
    self.base = base
    self.sums = sums
  }

  public var rank: Int { base.rank }
  public var size: Int { base.size }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    if !sums.sum(buffer, for: .sumFloat, across: { $0.sum($1) }) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Double>) {
    if !sums.sum(buffer, for: .sumDouble, across: { $0.sum($1) }) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    if !sums.sum(buffer, for: .sumInt64, across: { $0.sum($1) }) { base.sum(buffer) }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Float>) { base.startSum(buffer) }
  public func startSum(_ buffer: UnsafeMutableBufferPointer<Int64>) { base.startSum(buffer) }
  public func advanceSums() { base.advanceSums() }
  public func finishSums() { base.finishSums() }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    base.broadcast(bytes, from: root)
  }

  public func barrier() { base.barrier() }

  public var sharer: Int { sums.place }
  public var sharers: Int { sums.places }

  public func sharedMemory(bytes: Int) -> SharedMemory? { sums.makeSummedMemory(bytes: bytes) }
  public func commonMemory(bytes: Int) -> SharedMemory? { sums.makeMemory(bytes: bytes) }
  public func meetSharers() { sums.meet() }

  /// Sums that are made at once follow each other on all ranks, of whichever communicator they are.
  public func duplicate() -> any Communicator {
    SharedMemoryCommunicator(base.duplicate(), sums)
  }

  public func abort(code: Int32) -> Never { base.abort(code: code) }
}
