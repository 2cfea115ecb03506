import Preconditions

#if canImport(Glibc)
  import Glibc
#endif

/// Zeroed memory that the plans of several threads may have in common; see ``Arena/commonTensor(_:if:)``.
///
/// Who writes which part of it, and when, is the threads' to agree on.
public final class CommonMemory: @unchecked Sendable {
  fileprivate let base: UnsafeMutableRawPointer
  fileprivate let bytes: Int

  public init(bytes: Int) throws(ArenaError) {
    self.bytes = max(bytes, 1)
    let mapped = mmap(
      nil, self.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw ArenaError.outOfMemory(bytes: self.bytes)
    }
    // Fewer misses of the page table's cache where the system grants it; nothing depends on it.
    madvise(mapped, self.bytes, MADV_HUGEPAGE)
    base = mapped
  }

  deinit { munmap(base, bytes) }
}

extension Arena {
  /// A zeroed tensor in the memory that this plan may have in common with others.
  ///
  /// Plans that have it in common ask for the same tensors in the same order, and get the same ones.
  public func commonTensor(_ shape: Shape, if needed: Bool = true) -> Tensor {
    guard needed else { return .absent(shape) }
    let start = commonBytes
    let lines = (shape.count * MemoryLayout<Float>.stride + 63) / 64
    commonBytes += max(lines, 1) * 64
    guard let common else {
      // The measuring run: a non-null address that nothing may touch.
      return Tensor(shape, storage: UnsafeMutablePointer(bitPattern: 64))
    }
    require(
      commonBytes <= common.bytes, "the common \(common.bytes) bytes are used up at \(commonBytes)")
    let typed = (common.base + start).bindMemory(to: Float.self, capacity: max(shape.count, 1))
    return Tensor(shape, storage: typed)
  }
}
