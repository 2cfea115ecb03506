/// Position of a rank among the ranks that share memory with it.
///
/// The threads of a process always share memory. Ranks of several processes on a node do so where a
/// ``SharedMemoryCommunicator`` has mapped their memory.
public struct NodeGroup: Equatable, Sendable {
  /// Number of the rank in the group, 0 ..< `size`.
  public let rank: Int
  /// Number of ranks in the group; at least `threads`.
  public let size: Int
  /// Number of the rank among the threads of its process, 0 ..< `threads`.
  public let thread: Int
  /// Number of ranks that are threads of the rank's process; at least 1.
  public let threads: Int

  public init(rank: Int, size: Int, thread: Int = 0, threads: Int = 1) {
    self.rank = rank
    self.size = size
    self.thread = thread
    self.threads = threads
  }

  /// A rank that is the only thread of its process and shares memory with no other process.
  public static let alone = NodeGroup(rank: 0, size: 1)
}
