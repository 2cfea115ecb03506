import Failures
import Foundation
import MessagePassing

/// State of the threads of one `InProcessCommunicator.run`: waiting, or ended.
///
/// All fields are used under `condition` only.
final class InProcessSession: @unchecked Sendable {
  let condition = NSCondition()
  private let size: Int
  private var waiting = 0
  private var ended = 0
  private var failed = false
  private var waits: [InProcessGroup.Operation?]

  init(size: Int) {
    self.size = size
    waits = Array(repeating: nil, count: size)
  }

  /// Whether every thread has ended, or waits for one that has.
  var isOver: Bool { ended + waiting == size }

  func startWaiting(rank: Int, in operation: InProcessGroup.Operation) {
    waiting += 1
    waits[rank] = operation
    checkProgress()
  }

  func release(_ count: Int) {
    waiting -= count
    condition.broadcast()
  }

  func end(failed: Bool) {
    ended += 1
    self.failed = self.failed || failed
    checkProgress()
  }

  /// Ends the session if no thread can go on.
  ///
  /// After an error, ranks that wait for the failed one are left waiting, and `run` rethrows.
  /// Without an error, an endless wait is a bug in the caller.
  private func checkProgress() {
    guard isOver else { return }
    guard failed || waiting == 0 else {
      unreachable(
        "\(ended) of \(size) ranks have ended, the others wait for ever; last waits: \(waits)")
    }
    condition.broadcast()
  }
}

extension InProcessCommunicator {
  /// Runs `body` once per rank, each on a separate thread with a stack of 8 MiB.
  ///
  /// - Returns: the results of the ranks, in rank order.
  /// - Throws: the error of the lowest rank that threw. Ranks that wait for it in a collective are
  ///   left waiting: their threads are not released before the process ends.
  public static func run<Output: Sendable>(
    ranks: Int, _ body: @escaping @Sendable (any SplittableCommunicator) throws -> Output
  ) throws -> [Output] {
    require(ranks > 0, "\(ranks) ranks; at least 1 is needed")
    let session = InProcessSession(size: ranks)
    let group = InProcessGroup(members: Array(0..<ranks), session: session)
    let outcomes = Outcomes<Output>(count: ranks)
    for rank in 0..<ranks {
      let thread = Thread {
        let outcome = Result { try body(InProcessCommunicator(rank: rank, group: group)) }
        session.condition.lock()
        outcomes.byRank[rank] = outcome
        session.end(failed: outcomes.hasError(rank))
        session.condition.unlock()
      }
      thread.name = "rank \(rank)"
      thread.stackSize = 8 << 20
      thread.start()
    }
    session.condition.lock()
    defer { session.condition.unlock() }
    while !session.isOver { session.condition.wait() }
    return try outcomes.byRank.compactMap { try $0?.get() }
  }
}

/// The result of each rank's body; nil while it runs.
///
/// Used under the session's condition.
private final class Outcomes<Output: Sendable>: @unchecked Sendable {
  var byRank: [Result<Output, any Error>?]

  init(count: Int) { byRank = Array(repeating: nil, count: count) }

  func hasError(_ rank: Int) -> Bool {
    if case .failure = byRank[rank] { true } else { false }
  }
}
