import Preconditions

/// Copies that a thread makes once the sums they are taken from have ended.
///
/// It belongs to one thread, and holds as many as sums can be outstanding.
final class PendingCopies: @unchecked Sendable {
  private struct Copy {
    let from: UnsafeRawBufferPointer
    let to: UnsafeMutableRawBufferPointer
  }

  private let copies: UnsafeMutableBufferPointer<Copy>
  private var count = 0

  init() { copies = .allocate(capacity: RequestPool.capacity) }

  deinit { copies.deallocate() }

  func append(from: UnsafeRawBufferPointer, to: UnsafeMutableRawBufferPointer) {
    require(count < copies.count, "more than \(copies.count) sums are outstanding")
    copies.initializeElement(at: count, to: Copy(from: from, to: to))
    count += 1
  }

  func copyAll() {
    for index in 0..<count { copies[index].to.copyMemory(from: copies[index].from) }
    count = 0
  }
}
