import Failures

/// A failure on which all ranks agree.
public enum AgreementError: Failure, Equatable {
  /// Rank `rank` is the lowest one that failed, with the message and exit status of its error.
  case failed(rank: Int, message: String, status: ExitStatus)
  /// Ranks of one job differ in a value that must be equal on all of them.
  case ranksDiffer(what: String, rank: Int, found: String, rootValue: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .failed(_, _, let status): status
    case .ranksDiffer: .launch
    }
  }

  public var description: String {
    switch self {
    case .failed(let rank, let message, _):
      rank == 0 ? message : "rank \(rank): \(message)"
    case .ranksDiffer(let what, let rank, let found, let rootValue):
      "ranks differ in \(what): \(rootValue) on rank 0, but \(found) on rank \(rank)"
    }
  }
}
