#if canImport(Glibc)
  import Glibc
#endif

/// Zeroed memory that plans take their buffers from.
///
/// Plans that share a block must agree on which of them writes a part of it, and when.
public final class MemoryBlock: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let bytes: Int
  /// The object that unmaps the memory; nil if this object has mapped it.
  private let keeper: AnyObject?

  /// A private mapping of at least one byte.
  public init(bytes: Int) throws(ArenaError) {
    self.bytes = bytes
    keeper = nil
    let mapped = mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw ArenaError.outOfMemory(bytes: bytes)
    }
    // Huge pages cause fewer TLB misses. The system may ignore the advice.
    madvise(mapped, bytes, MADV_HUGEPAGE)
    base = mapped
  }

  /// Zeroed memory that lives as long as `keeper`, aligned to a cache line at least.
  public init(_ base: UnsafeMutableRawPointer, bytes: Int, of keeper: AnyObject) {
    self.base = base
    self.bytes = bytes
    self.keeper = keeper
  }

  deinit {
    if keeper == nil { munmap(base, bytes) }
  }
}
