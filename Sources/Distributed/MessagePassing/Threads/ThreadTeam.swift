import Failures
import Foundation
import Synchronization
import Threading

/// The threads of one process that are ranks.
///
/// Member 0 is the thread that makes the team. The others are started with it and end with
/// ``run(over:abandon:_:)``.
public final class ThreadTeam: @unchecked Sendable {
  /// Reports the error of a rank and ends the job: a member has failed while others wait for it in
  /// a collective.
  public typealias Abandon = @Sendable (_ error: any Error, _ rank: Int) -> Never

  public let size: Int
  private let barrier: ThreadBarrier
  /// Whether a member has found that another will never come.
  private let isDeserted = Atomic(false)

  // Guarded by `condition`.
  private let condition = NSCondition()
  private var work: (@Sendable (Int) -> Void)?
  private var errors: [(any Error)?]
  private var desertion: (@Sendable () -> Never)?

  private var threads: [WorkerThread] = []

  /// Starts `size` − 1 threads, which wait until there is work.
  ///
  /// Not collective: agree over the processes on whether it worked.
  public init(size: Int) throws(ThreadError) {
    require(size > 0, "a team of \(size) threads; at least 1 is needed")
    self.size = size
    barrier = ThreadBarrier(size: size)
    errors = Array(repeating: nil, count: size)
    for member in 1..<size {
      do {
        threads.append(
          try WorkerThread("thread \(member + 1) of \(size)") { [self] in serve(as: member) })
      } catch {
        finish { _ in }
        throw error
      }
    }
  }

  /// Runs `body` on every member, as ranks of a communicator over all threads of all processes.
  ///
  /// Collective over `outer`, whose other processes may have teams of other sizes; once per team.
  /// Only the calling thread uses `outer`. Where every process has one thread, `body` gets `outer`
  /// itself.
  ///
  /// - Throws: the error of the lowest member that threw, when all have ended.
  public func run(
    over outer: any Communicator, abandon: @escaping Abandon,
    _ body: @escaping @Sendable (any Communicator) throws -> Void
  ) throws {
    let ranks = ThreadRanks(threads: size, of: outer)
    if ranks.count == outer.size { return try body(outer) }
    let first = ranks.first(of: outer.rank)
    desertion = { [unowned self] in
      let errors = self.errorsSoFar
      guard let member = errors.firstIndex(where: { $0 != nil }), let error = errors[member] else {
        unreachable("a thread has ended while others wait for it in a collective")
      }
      abandon(error, first + member)
    }
    let calls = ThreadCalls(size: size)
    finish { [unowned self] member in
      do {
        try body(
          HybridCommunicator(
            thread: member, team: self, calls: calls, ranks: ranks, outer: outer))
      } catch {
        record(error, of: member)
      }
      barrier.leave()
    }
    if let error = errors.lazy.compactMap({ $0 }).first { throw error }
  }

  /// Returns when all members have called it.
  func wait() {
    guard barrier.wait() == .neverOpens else { return }
    // One waiting member reports; the process ends under the others.
    if isDeserted.exchange(true, ordering: .relaxed) { while true { pause() } }
    guard let desertion else { unreachable("members wait before the team runs") }
    desertion()
  }

  private var errorsSoFar: [(any Error)?] { condition.withLock { errors } }

  private func record(_ error: any Error, of member: Int) {
    condition.withLock { errors[member] = error }
  }

  /// Gives every member its work, does that of member 0, and waits until the others have ended.
  private func finish(_ work: @escaping @Sendable (Int) -> Void) {
    condition.withLock {
      require(self.work == nil, "a team runs once")
      self.work = work
      condition.broadcast()
    }
    work(0)
    for thread in threads { thread.join() }
  }

  private func serve(as member: Int) {
    condition.lock()
    while work == nil { condition.wait() }
    let work = work
    condition.unlock()
    work?(member)
  }
}
