import Failures

/// The collective that each thread of a team has called.
///
/// A thread writes its entry before a barrier of the team. The others read it between that barrier
/// and the next one.
final class ThreadCalls: @unchecked Sendable {
  enum Operation: Equatable {
    case allreduceFloat, allreduceDouble, allreduceInt64
    case startAllreduceFloat, startAllreduceInt64, waitForAllreduces
    case broadcast(root: Int), barrier, nodeBarrier, oncePerProcess, nodeMemory, duplicate
  }

  /// Call of one thread; `base` is nil for an empty buffer.
  struct Call {
    var operation: Operation
    var count = 0
    var base: UnsafeMutableRawPointer?
  }

  /// Result that thread 0 hands over to the other threads.
  var handedOver: Any?

  private let calls: UnsafeMutableBufferPointer<Call>

  init(size: Int) {
    calls = .allocate(capacity: size)
    calls.initialize(repeating: Call(operation: .barrier))
  }

  deinit { calls.deallocate() }

  func publish(_ call: Call, by thread: Int) { calls[thread] = call }

  /// Traps unless `thread` and thread 0 have called the same collective.
  func requireAgreement(of thread: Int) {
    let (call, root) = (calls[thread], calls[0])
    require(
      call.operation == root.operation && call.count == root.count,
      """
      threads disagree: thread 0 calls \(root.operation) of \(root.count), \
      thread \(thread) calls \(call.operation) of \(call.count)
      """)
  }

  /// The elements that `thread` has published; there must be some.
  func elements<Element>(of thread: Int, as type: Element.Type) -> UnsafeMutablePointer<Element> {
    guard let base = calls[thread].base else {
      unreachable("thread \(thread) published no buffer for \(calls[thread].count) elements")
    }
    return base.assumingMemoryBound(to: type)
  }

  func bytes(of thread: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: calls[thread].base, count: calls[thread].count)
  }
}
