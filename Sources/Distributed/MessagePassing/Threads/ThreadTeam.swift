import Failures
import Foundation
import Synchronization

/// The threads of one process that are ranks: the one that makes the team is member 0, the others
/// are started with it and end with ``run(over:abandon:_:)``.
public final class ThreadTeam: @unchecked Sendable {
  /// What happens if a member ends with an error while others wait for it in a collective: words the
  /// error of the rank and ends the job.
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

  private var threads: [pthread_t] = []

  /// Starts `size` − 1 threads, which wait until there is something to run.
  ///
  /// Not collective: agree over the processes on whether it worked.
  public init(size: Int) throws(ThreadError) {
    require(size > 0, "a team of \(size) threads; at least 1 is needed")
    self.size = size
    barrier = ThreadBarrier(size: size)
    errors = Array(repeating: nil, count: size)
    for member in 1..<size {
      do {
        threads.append(try Seat(team: self, member: member).startThread())
      } catch {
        finish { _ in }
        throw error
      }
    }
  }

  /// Runs `body` on every member, as ranks of a communicator over all threads of all processes.
  ///
  /// Collective over `outer`, whose other processes may have teams of other sizes; once per team.
  /// `outer` is used by the thread that calls this, and by no other. Where every process has one
  /// thread, `body` gets `outer` itself.
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
  func meet() {
    guard barrier.wait() == .neverOpens else { return }
    // One of those who wait speaks; the process ends under the others.
    if isDeserted.exchange(true, ordering: .relaxed) { while true { pause() } }
    guard let desertion else { unreachable("members meet before the team runs") }
    desertion()
  }

  private var errorsSoFar: [(any Error)?] { condition.withLock { errors } }

  private func record(_ error: any Error, of member: Int) {
    condition.withLock { errors[member] = error }
  }

  /// Gives every member its work, does this thread's part, and waits for the others' end.
  private func finish(_ work: @escaping @Sendable (Int) -> Void) {
    condition.withLock {
      require(self.work == nil, "a team runs once")
      self.work = work
      condition.broadcast()
    }
    work(0)
    for thread in threads { pthread_join(thread, nil) }
  }

  private func serve(as member: Int) {
    condition.lock()
    while work == nil { condition.wait() }
    let work = work
    condition.unlock()
    work?(member)
  }

  /// A member's place, which its thread carries to its start.
  private final class Seat {
    let team: ThreadTeam
    let member: Int

    init(team: ThreadTeam, member: Int) {
      self.team = team
      self.member = member
    }

    /// Starts the thread with every signal blocked, so that signals reach member 0.
    func startThread() throws(ThreadError) -> pthread_t {
      var all = sigset_t()
      var previous = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, &previous)
      defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      pthread_attr_setstacksize(&attributes, Self.stackBytes)
      let context = Unmanaged.passRetained(self)
      var thread = pthread_t()
      let status = pthread_create(
        &thread, &attributes,
        { context in
          guard let context else { return nil }
          let seat = Unmanaged<Seat>.fromOpaque(context).takeRetainedValue()
          seat.team.serve(as: seat.member)
          return nil
        }, context.toOpaque())
      guard status == 0 else {
        context.release()
        throw .refused(
          thread: member + 1, count: team.size, reason: String(cString: strerror(status)))
      }
      return thread
    }

    /// That of a process's first thread on most systems, whatever the limits of this one are.
    private static let stackBytes = 8 << 20
  }
}
