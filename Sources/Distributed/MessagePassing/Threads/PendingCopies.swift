/// Copies that a thread makes once the sums they are taken from have ended.
///
/// It belongs to one thread. Room for as many as a step starts is kept, and grows where that is more.
final class PendingCopies: @unchecked Sendable {
  private struct Copy {
    let from: UnsafeRawBufferPointer
    let to: UnsafeMutableRawBufferPointer
  }

  private var copies: [Copy] = []

  /// More than the layers of any network here.
  init() { copies.reserveCapacity(256) }

  func append(from: UnsafeRawBufferPointer, to: UnsafeMutableRawBufferPointer) {
    copies.append(Copy(from: from, to: to))
  }

  func copyAll() {
    for copy in copies { copy.to.copyMemory(from: copy.from) }
    copies.removeAll(keepingCapacity: true)
  }
}
