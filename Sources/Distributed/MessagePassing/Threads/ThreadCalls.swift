import Failures

/// What the threads of a team have published: each the collective that it has called.
///
/// A thread writes its own entry before a meeting of the team, and the others read it between that
/// meeting and the next one.
final class ThreadCalls: @unchecked Sendable {
  enum Operation: Equatable {
    case allreduceFloat, allreduceDouble, allreduceInt64, startAllreduceFloat, startAllreduceInt64,
      waitForAllreduces
    case broadcast(root: Int), barrier, meetThreads, nodeBarrier, oncePerProcess, nodeMemory,
      duplicate
  }

  /// One thread's part in a collective; `base` is nil for an empty buffer.
  struct Call {
    var operation: Operation
    var count = 0
    var base: UnsafeMutableRawPointer?
  }

  /// What thread 0 has for the others, where that is no buffer.
  var handedOver: Any?

  private let calls: UnsafeMutableBufferPointer<Call>

  init(size: Int) {
    calls = .allocate(capacity: size)
    calls.initialize(repeating: Call(operation: .barrier))
  }

  deinit { calls.deallocate() }

  func publish(_ call: Call, by thread: Int) { calls[thread] = call }

  /// Traps unless `thread` has called what thread 0 has.
  func requireAgreement(of thread: Int) {
    let (own, root) = (calls[thread], calls[0])
    require(
      own.operation == root.operation && own.count == root.count,
      """
      threads disagree: thread 0 calls \(root.operation) of \(root.count), \
      thread \(thread) calls \(own.operation) of \(own.count)
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
