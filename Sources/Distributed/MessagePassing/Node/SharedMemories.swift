/// The memory that a rank shares with others, as long as somebody keeps it.
///
/// All ranks add the same, in the same order.
final class SharedMemories {
  private struct Entry {
    weak var memory: SharedMemory?
  }

  private var entries: [Entry] = []

  func add(_ memory: SharedMemory) {
    entries.removeAll { $0.memory == nil }
    entries.append(Entry(memory: memory))
  }

  /// The memory that `pointer` points into, and how far; none if it points elsewhere.
  func find(_ pointer: UnsafeRawPointer) -> (memory: SharedMemory, offset: Int)? {
    for entry in entries {
      if let memory = entry.memory, let offset = memory.offset(of: pointer) {
        return (memory, offset)
      }
    }
    return nil
  }
}
