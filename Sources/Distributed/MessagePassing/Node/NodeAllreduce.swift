/// Sums over ranks by those of each machine, in memory that they have mapped of one another, and then over
/// machines.
///
/// A sum in memory from ``makeReductionMemory(bytes:)`` is made in place: each rank adds a share of the
/// elements of its machine, adds that to those of the other machines, and writes it to all of its own. A
/// small buffer from elsewhere goes through slots. Ranks of a machine are added in their order.
///
/// Used by one thread at a time; nothing is allocated in a sum.
final class NodeAllreduce: @unchecked Sendable {
  /// The largest buffer, in bytes, that goes through slots: larger than that of any batch norm.
  private static let slotBytes = 128 << 10
  /// Up to so many bytes, of all ranks together, each rank adds all for itself.
  private static let sharelessBytes = 64 << 10

  private let all: any Communicator
  /// The ranks of this machine.
  private let node: any Communicator
  /// The ranks of all machines that have this one's place in theirs; nil if there is one machine.
  private let across: (any Communicator)?
  private let reduction: SliceReduction
  private let nodeBarrier: NodeBarrier
  /// Each rank's line in the meeting, and two slots: one may still be read when the next sum begins.
  private let slots: SharedMemory
  private var turn = 0
  private let memories = SharedMemories()

  /// Nil on all ranks where that is not possible, or nothing is gained: a machine has one rank or more of them
  /// than another, or ranks of a machine cannot map one another's memory.
  ///
  /// Collective.
  init?(over all: any SplittableCommunicator, host: String) {
    let hosts = all.allGather(Array(host.utf8))
    let nodes = Set(hosts).map { host in hosts.indices.filter { hosts[$0] == host } }
    guard nodes.allSatisfy({ $0.count == nodes[0].count && $0.count > 1 }) else { return nil }
    guard let members = nodes.first(where: { $0.contains(all.rank) }),
      let localRank = members.firstIndex(of: all.rank)
    else { return nil }
    self.all = all
    node = all.split(color: members[0])
    across = nodes.count > 1 ? all.split(color: localRank) : nil
    reduction = SliceReduction(share: node.rank, shares: node.size)
    let bytes = NodeBarrier.lineBytes + 2 * Self.slotBytes
    guard let slots = Self.makeMemory(bytes: bytes, node, of: all) else { return nil }
    self.slots = slots
    nodeBarrier = NodeBarrier(in: slots, rank: node.rank, size: node.size)
  }

  /// This rank's number among those of its machine, and how many those are.
  var nodeRank: Int { node.rank }
  var nodeSize: Int { node.size }

  /// Returns when all ranks of the machine have called it.
  func barrier() { nodeBarrier.wait(for: NodeBarrier.Call(purpose: .barrier)) }

  /// Zeroed memory of this rank in which sums are made in place.
  ///
  /// Collective. Nil on all ranks if one cannot have it.
  func makeReductionMemory(bytes: Int) -> SharedMemory? {
    let memory = makeMemory(bytes: bytes)
    if let memory { memories.add(memory) }
    return memory
  }

  /// Memory that sums have nothing to do with; collective as the other.
  func makeMemory(bytes: Int) -> SharedMemory? {
    Self.makeMemory(bytes: bytes, node, of: all)
  }

  private static func makeMemory(
    bytes: Int, _ node: any Communicator, of all: any Communicator
  ) -> SharedMemory? {
    let memory = SharedMemory(bytes: max(bytes, MemoryLayout<UInt64>.stride), over: node)
    var failures: [Int64] = [memory == nil ? 1 : 0]
    failures.withUnsafeMutableBufferPointer { all.allreduce($0) }
    return failures[0] == 0 ? memory : nil
  }

  /// Sums `buffer` over all ranks if it is small or lies in memory that was made here.
  ///
  /// Collective if so.
  ///
  /// - Parameter reduceAcross: has a communicator sum elements of this type.
  /// - Returns: whether it has; the same on all ranks.
  func reduce<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ buffer: UnsafeMutableBufferPointer<Element>, for purpose: NodeBarrier.Call.Purpose,
    across reduceAcross: (any Communicator, UnsafeMutableBufferPointer<Element>) -> Void
  ) -> Bool {
    guard let values = buffer.baseAddress, !buffer.isEmpty else { return true }
    if let (memory, offset) = memories.find(values) {
      let call = NodeBarrier.Call(purpose: purpose, count: buffer.count, offset: offset)
      reduceInPlace(memory, call, across: reduceAcross)
      return true
    }
    guard buffer.count * MemoryLayout<Element>.stride <= Self.slotBytes else { return false }
    let offset = NodeBarrier.lineBytes + turn * Self.slotBytes
    turn = 1 - turn
    let slot = (slots.base + offset).assumingMemoryBound(to: Element.self)
    slot.update(from: values, count: buffer.count)
    let call = NodeBarrier.Call(purpose: purpose, count: buffer.count, offset: offset)
    let bytes = node.size * buffer.count * MemoryLayout<Element>.stride
    if across == nil && bytes <= Self.sharelessBytes {
      addSlots(call, into: values)
    } else {
      reduceInPlace(slots, call, across: reduceAcross)
      values.update(from: slot, count: buffer.count)
    }
    return true
  }

  private func reduceInPlace<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ memory: SharedMemory, _ call: NodeBarrier.Call,
    across reduceAcross: (any Communicator, UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    func copy(_ rank: Int) -> UnsafeMutablePointer<Element> {
      (memory.base(ofRank: rank) + call.offset).assumingMemoryBound(to: Element.self)
    }
    nodeBarrier.wait(for: call)
    if let across {
      reduction.add(call.count, into: .first, copies: copy)
      let part = reduction.part(of: call.count, stride: MemoryLayout<Element>.stride)
      if !part.isEmpty {
        let total = copy(0) + part.lowerBound
        reduceAcross(across, UnsafeMutableBufferPointer(start: total, count: part.count))
        for other in 1..<node.size {
          copy(other).advanced(by: part.lowerBound).update(from: total, count: part.count)
        }
      }
    } else {
      reduction.add(call.count, into: .all, copies: copy)
    }
    nodeBarrier.wait(for: NodeBarrier.Call(purpose: .end))
  }

  private func addSlots<Element: AdditiveArithmetic & BitwiseCopyable>(
    _ call: NodeBarrier.Call, into values: UnsafeMutablePointer<Element>
  ) {
    func slot(_ rank: Int) -> UnsafeMutablePointer<Element> {
      (slots.base(ofRank: rank) + call.offset).assumingMemoryBound(to: Element.self)
    }
    nodeBarrier.wait(for: call)
    values.update(from: slot(0), count: call.count)
    for other in 1..<node.size {
      let terms = slot(other)
      for index in 0..<call.count { values[index] += terms[index] }
    }
  }
}
