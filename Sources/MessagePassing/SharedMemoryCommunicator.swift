import Preconditions

/// Ranks of one machine, whose sums are made in memory that all of them have mapped.
///
/// A sum in ``sharedMemory(bytes:)`` is made in place, each rank adding a share of the elements of all; that of
/// a small buffer through slots of memory of the communicator's own. All add in the order of ranks. Anything
/// else is left to the base communicator: large buffers elsewhere, sums that are started, and what is rare.
///
/// Used by one thread at a time, like its base. Nothing is allocated in a sum.
public final class SharedMemoryCommunicator: Communicator, @unchecked Sendable {
  /// The largest sum, in bytes, that is made by slots: more than that of any batch norm.
  private static let slotBytes = 128 << 10
  /// Bytes that every rank reads for itself, all ranks' together; of more each adds a share for all.
  private static let sharelessBytes = 64 << 10

  private let base: any Communicator
  private let sum: CopySum
  private let meeting: MachineMeeting
  /// Each rank's line in the meeting, and two slots: one may still be read when the next sum begins.
  private let slots: SharedMemory
  private var turn = 0
  /// What the ranks have of the memory they share, and all duplicates of this communicator know.
  private let memories: SharedMemories

  /// - Parameter base: all of whose ranks run on one machine.
  ///
  /// Collective. Nil on all ranks if there is one rank only, ranks run on several machines, or they cannot map
  /// one another's memory.
  public convenience init?(over base: any Communicator) {
    guard base.size > 1 else { return nil }
    let hosts = base.allGather(Array(JobRoster.hostName().utf8))
    guard hosts.allSatisfy({ $0 == hosts[0] }) else { return nil }
    self.init(over: base, memories: SharedMemories())
  }

  private init?(over base: any Communicator, memories: SharedMemories) {
    let bytes = MachineMeeting.lineBytes + 2 * Self.slotBytes
    guard let slots = SharedMemory(bytes: bytes, over: base) else { return nil }
    self.base = base
    self.slots = slots
    self.memories = memories
    sum = CopySum(share: base.rank, shares: base.size)
    meeting = MachineMeeting(in: slots, rank: base.rank, size: base.size)
  }

  public var rank: Int { base.rank }
  public var size: Int { base.size }

  public var place: Place? {
    get { base.place }
    set { base.place = newValue }
  }

  public func beat() { base.beat() }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Float>) {
    sum(buffer, for: .sumFloat) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Double>) {
    sum(buffer, for: .sumDouble) { base.sum(buffer) }
  }

  public func sum(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    sum(buffer, for: .sumInt64) { base.sum(buffer) }
  }

  public func startSum(_ buffer: UnsafeMutableBufferPointer<Float>) { base.startSum(buffer) }
  public func startSum(_ buffer: UnsafeMutableBufferPointer<Int64>) { base.startSum(buffer) }
  public func advanceSums() { base.advanceSums() }
  public func finishSums() { base.finishSums() }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    base.broadcast(bytes, from: root)
  }

  public func barrier() { base.barrier() }

  public func sharedMemory(bytes: Int) -> SharedMemory? {
    let memory = SharedMemory(bytes: max(bytes, 8), over: base)
    if let memory { memories.add(memory) }
    return memory
  }

  public func duplicate() -> any Communicator {
    let copy = base.duplicate()
    return SharedMemoryCommunicator(over: copy, memories: memories) ?? copy
  }

  public func abort(code: Int32) -> Never { base.abort(code: code) }

  private func sum<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, for purpose: MachineMeeting.Call.Purpose,
    elsewhere: () -> Void
  ) {
    guard let values = buffer.baseAddress, !buffer.isEmpty else { return }
    if let (memory, offset) = memories.find(values) {
      let call = MachineMeeting.Call(purpose: purpose, count: buffer.count, offset: offset)
      sumInPlace(buffer.count, of: Element.self, in: memory, call)
    } else if buffer.count * MemoryLayout<Element>.stride <= Self.slotBytes {
      sumBySlots(values, buffer.count, purpose)
    } else {
      elsewhere()
    }
  }

  private func sumInPlace<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ count: Int, of type: Element.Type, in memory: SharedMemory, _ call: MachineMeeting.Call
  ) {
    meeting.meet(for: call)
    sum.add(count, into: .all) {
      (memory.base(ofRank: $0) + call.offset).assumingMemoryBound(to: type)
    }
    meeting.meet(for: MachineMeeting.Call(purpose: .end))
  }

  private func sumBySlots<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ values: UnsafeMutablePointer<Element>, _ count: Int, _ purpose: MachineMeeting.Call.Purpose
  ) {
    let offset = MachineMeeting.lineBytes + turn * Self.slotBytes
    turn = 1 - turn
    func slot(_ rank: Int) -> UnsafeMutablePointer<Element> {
      (slots.base(ofRank: rank) + offset).assumingMemoryBound(to: Element.self)
    }
    slot(rank).update(from: values, count: count)
    let call = MachineMeeting.Call(purpose: purpose, count: count, offset: offset)
    if size * count * MemoryLayout<Element>.stride > Self.sharelessBytes {
      sumInPlace(count, of: Element.self, in: slots, call)
      return values.update(from: slot(rank), count: count)
    }
    meeting.meet(for: call)
    values.update(from: slot(0), count: count)
    for other in 1..<size {
      let terms = slot(other)
      for index in 0..<count { values[index] += terms[index] }
    }
  }
}
