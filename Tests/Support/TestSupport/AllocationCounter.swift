import CAllocationCounter

/// How often some work asked the heap for memory.
public struct Allocations: Sendable {
  /// Calls from everywhere but OpenBLAS.
  public let outsideBLAS: Int
  /// Calls from within OpenBLAS, whose AVX-512 kernels take a buffer for some small products.
  public let blas: Int

  /// Counts what `body` asks for on the thread that calls this; other threads do not disturb it.
  public init(of body: () throws -> Void) rethrows {
    let before = (allocation_count(), blas_allocation_count())
    try body()
    outsideBLAS = Int(allocation_count() - before.0)
    blas = Int(blas_allocation_count() - before.1)
  }
}
