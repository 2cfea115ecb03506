/// Copies that a thread makes once the allreduces over processes have ended.
///
/// Used by one thread. It keeps room for the copies of a step, and grows where a step makes more.
final class PendingCopies: @unchecked Sendable {
  private struct Copy {
    let from: UnsafeRawBufferPointer
    let to: UnsafeMutableRawBufferPointer
  }

  private var copies: [Copy] = []

  /// Room for more copies than any network here has layers.
  init() { copies.reserveCapacity(256) }

  func append(from: UnsafeRawBufferPointer, to: UnsafeMutableRawBufferPointer) {
    copies.append(Copy(from: from, to: to))
  }

  func copyAll() {
    for copy in copies { copy.to.copyMemory(from: copy.from) }
    copies.removeAll(keepingCapacity: true)
  }
}
