import Failures

/// Why a rank cannot have as many threads as it was asked for.
public enum ThreadError: Failure, Equatable, Sendable {
  /// The system refused thread number `thread` of `count`.
  case refused(thread: Int, count: Int, reason: String)

  public var exitStatus: ExitStatus { .outOfMemory }

  public var description: String {
    switch self {
    case .refused(let thread, let count, let reason):
      "the system refused thread \(thread) of \(count): \(reason); lower --threads"
    }
  }
}
