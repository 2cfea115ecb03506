/// Allreduce in two levels: over the ranks of each node in memory that they have mapped of one
/// another, and then over nodes.
///
/// A buffer in memory from ``makeReductionMemory(bytes:)`` is reduced in place: each rank adds a
/// slice of the elements over its node, adds that over the nodes, and writes the sums to all ranks
/// of its node. A small buffer in other memory goes through slots. Ranks of a node are added in
/// order.
///
/// Used by one thread at a time; an allreduce allocates nothing.
final class NodeAllreduce: @unchecked Sendable {
  /// Largest buffer, in bytes, that goes through slots; those of all batch norms are smaller.
  private static let slotBytes = 128 << 10
  /// Bytes of all ranks together up to which each rank adds the whole buffer.
  private static let unslicedBytes = 64 << 10

  private let all: any Communicator
  /// Ranks of this node.
  private let local: any Communicator
  /// Ranks with this local rank on all nodes; nil if there is one node.
  private let across: (any Communicator)?
  private let reduction: SliceReduction
  private let nodeBarrier: NodeBarrier
  /// Each rank's line of the barrier, and two slots: one may still be read when the next call
  /// begins.
  private let slots: SharedMemory
  private var turn = 0
  private let memories = ReductionMemories()

  /// Nil on all ranks unless every node has the same number of ranks, at least two, that can map
  /// one another's memory.
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
    local = all.split(color: members[0])
    across = nodes.count > 1 ? all.split(color: localRank) : nil
    reduction = SliceReduction(slice: local.rank, slices: local.size)
    let bytes = NodeBarrier.lineBytes + 2 * Self.slotBytes
    guard let slots = Self.makeMemory(bytes: bytes, local, of: all) else { return nil }
    self.slots = slots
    nodeBarrier = NodeBarrier(in: slots, rank: local.rank, size: local.size)
  }

  var node: NodeGroup { NodeGroup(rank: local.rank, size: local.size) }

  /// Returns when all ranks of the node have called it.
  func barrier() { nodeBarrier.wait(for: NodeBarrier.Call(purpose: .barrier)) }

  /// Zeroed memory of this rank in which buffers are reduced in place.
  ///
  /// Collective. Nil on all ranks if one cannot have it.
  func makeReductionMemory(bytes: Int) -> SharedMemory? {
    let memory = makeMemory(bytes: bytes)
    if let memory { memories.add(memory) }
    return memory
  }

  /// Zeroed memory of this rank that no allreduce uses.
  ///
  /// Collective. Nil on all ranks if one cannot have it.
  func makeMemory(bytes: Int) -> SharedMemory? {
    Self.makeMemory(bytes: bytes, local, of: all)
  }

  private static func makeMemory(
    bytes: Int, _ local: any Communicator, of all: any Communicator
  ) -> SharedMemory? {
    let memory = SharedMemory(bytes: max(bytes, MemoryLayout<UInt64>.stride), over: local)
    var failures: [Int64] = [memory == nil ? 1 : 0]
    failures.withUnsafeMutableBufferPointer { all.allreduce($0) }
    return failures[0] == 0 ? memory : nil
  }

  /// Reduces `buffer` over all ranks if it is small or lies in memory that was made here.
  ///
  /// Collective if it does.
  ///
  /// - Parameter reduceAcross: makes the allreduce of a communicator for elements of this type.
  /// - Returns: whether the buffer has been reduced; equal on all ranks.
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
    let bytes = local.size * buffer.count * MemoryLayout<Element>.stride
    if across == nil && bytes <= Self.unslicedBytes {
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
    func buffer(_ rank: Int) -> UnsafeMutablePointer<Element> {
      (memory.base(ofRank: rank) + call.offset).assumingMemoryBound(to: Element.self)
    }
    nodeBarrier.wait(for: call)
    if let across {
      reduction.add(call.count, into: .first, buffers: buffer)
      let range = reduction.range(of: call.count, stride: MemoryLayout<Element>.stride)
      if !range.isEmpty {
        let total = buffer(0) + range.lowerBound
        reduceAcross(across, UnsafeMutableBufferPointer(start: total, count: range.count))
        for other in 1..<local.size {
          buffer(other).advanced(by: range.lowerBound).update(from: total, count: range.count)
        }
      }
    } else {
      reduction.add(call.count, into: .all, buffers: buffer)
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
    for other in 1..<local.size {
      let terms = slot(other)
      for index in 0..<call.count { values[index] += terms[index] }
    }
  }
}

/// The reduction memories of a rank that are still in use.
///
/// All ranks add the same ones in the same order.
private final class ReductionMemories {
  private struct Entry {
    weak var memory: SharedMemory?
  }

  private var entries: [Entry] = []

  func add(_ memory: SharedMemory) {
    entries.removeAll { $0.memory == nil }
    entries.append(Entry(memory: memory))
  }

  /// The memory that holds `pointer`, and the offset of `pointer` in it; nil if none does.
  func find(_ pointer: UnsafeRawPointer) -> (memory: SharedMemory, offset: Int)? {
    for entry in entries {
      if let memory = entry.memory, let offset = memory.offset(of: pointer) {
        return (memory, offset)
      }
    }
    return nil
  }
}
