#if canImport(Glibc)
  import Glibc
#endif

/// Zeroed memory that plans take their buffers from.
///
/// Who writes which part of it, and when, is for those to agree on who have it in common.
public final class MemoryBlock: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let bytes: Int
  /// What ends the memory; nil where this object has mapped it.
  private let owner: AnyObject?

  /// A mapping of its own, of at least a byte.
  public init(bytes: Int) throws(ArenaError) {
    self.bytes = bytes
    owner = nil
    let mapped = mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw ArenaError.outOfMemory(bytes: bytes)
    }
    // Fewer misses of the page table's cache where the system grants it; nothing depends on it.
    madvise(mapped, bytes, MADV_HUGEPAGE)
    base = mapped
  }

  /// Zeroed memory that lives as long as `owner`, aligned to a cache line at least.
  public init(_ base: UnsafeMutableRawPointer, bytes: Int, of owner: AnyObject) {
    self.base = base
    self.bytes = bytes
    self.owner = owner
  }

  deinit {
    if owner == nil { munmap(base, bytes) }
  }
}
