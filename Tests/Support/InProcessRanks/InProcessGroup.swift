import Failures
import Foundation

/// State that the ranks of one ``InProcessCommunicator`` share: the collective that each has
/// called.
///
/// Fields are written under `session.condition`. `calls` is also read outside of it, but only
/// between the two waits of a collective, while no rank can write.
final class InProcessGroup: @unchecked Sendable {
  enum Operation: Equatable {
    case allreduceFloat, allreduceDouble, allreduceInt64, broadcast(root: Int), barrier, duplicate,
      split
  }

  /// Call of one rank; `base` is nil for an empty buffer.
  struct Call {
    var operation: Operation
    var count: Int
    var base: UnsafeMutableRawPointer?
  }

  /// Number of each rank in the session.
  private let members: [Int]
  private let session: InProcessSession
  private let calls: UnsafeMutableBufferPointer<Call>
  private var newest: InProcessGroup?
  private var colors: [Int]
  private var parts: [Int: InProcessGroup] = [:]
  private var arrived = 0
  private var generation = 0

  var size: Int { members.count }

  init(members: [Int], session: InProcessSession) {
    self.members = members
    self.session = session
    colors = Array(repeating: 0, count: members.count)
    calls = .allocate(capacity: members.count)
    calls.initialize(repeating: Call(operation: .barrier, count: 0, base: nil))
  }

  deinit { calls.deallocate() }

  /// Publishes `call`, and returns when all ranks have published theirs; traps if they do not
  /// agree.
  func meet(rank: Int, _ call: Call) {
    session.condition.lock()
    calls[rank] = call
    if arrived == size - 1 { checkAgreement() }
    arrive(rank: rank)
    session.condition.unlock()
  }

  /// Returns when all ranks have called it: until then, published buffers may be in use.
  func wait(rank: Int) {
    session.condition.lock()
    arrive(rank: rank)
    session.condition.unlock()
  }

  /// The elements that `rank` has published; there must be some.
  func values<Element>(of rank: Int, as type: Element.Type) -> UnsafeMutablePointer<Element> {
    guard let base = calls[rank].base else {
      unreachable("rank \(rank) published no buffer for \(calls[rank].count) elements")
    }
    return base.assumingMemoryBound(to: type)
  }

  func bytes(of rank: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: calls[rank].base, count: calls[rank].count)
  }

  /// A group that rank 0 makes for all ranks; call it between `meet` and the next collective.
  func duplicate(for rank: Int) -> InProcessGroup {
    session.condition.lock()
    defer { session.condition.unlock() }
    if rank == 0 { newest = InProcessGroup(members: members, session: session) }
    arrive(rank: rank)
    guard let newest else { unreachable("rank 0 made no duplicate for rank \(rank)") }
    return newest
  }

  /// The group of the ranks with this color, and the rank's number in it.
  ///
  /// Call it between `meet` and the next collective.
  func split(for rank: Int, color: Int) -> (group: InProcessGroup, rank: Int) {
    session.condition.lock()
    defer { session.condition.unlock() }
    colors[rank] = color
    arrive(rank: rank)
    let ranks = colors.indices.filter { colors[$0] == color }
    let part =
      parts[color] ?? InProcessGroup(members: ranks.map { members[$0] }, session: session)
    parts[color] = part
    arrive(rank: rank)
    parts[color] = nil
    return (part, ranks.count { $0 < rank })
  }

  private func arrive(rank: Int) {
    arrived += 1
    if arrived == size {
      arrived = 0
      generation += 1
      session.release(size - 1)
    } else {
      let mine = generation
      session.startWaiting(rank: members[rank], in: calls[rank].operation)
      while generation == mine { session.condition.wait() }
    }
  }

  private func checkAgreement() {
    let first = calls[0]
    for (rank, call) in calls.enumerated()
    where call.operation != first.operation || call.count != first.count {
      unreachable(
        """
        ranks disagree: rank 0 calls \(first.operation) of \(first.count), \
        rank \(rank) calls \(call.operation) of \(call.count)
        """)
    }
  }
}
