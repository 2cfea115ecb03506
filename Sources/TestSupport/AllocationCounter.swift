import CAllocationCounter

/// How often `body` asks the heap for memory, on any thread of the process.
public func allocations(_ body: () throws -> Void) rethrows -> Int {
  let before = allocation_count()
  try body()
  return Int(allocation_count() - before)
}
