import Failures

/// A failure of MPI.
///
/// No rank can recover from it: the job ends with ``exitCode``.
public enum MPIError: Failure, Equatable, Sendable {
  /// Exit code of a job that ended with an MPI error (EX_SOFTWARE of sysexits.h).
  public static let exitCode: Int32 = 70

  /// `call` returned `code`, for which MPI has the words `text`; `rank` is nil before MPI has
  /// started.
  case failed(call: String, code: Int32, text: String, rank: Int?, host: String)

  /// The library does not offer MPI_THREAD_FUNNELED.
  case noThreads(library: String)

  /// MPI has been finalized in this process; a process can start it only once.
  case finalized

  /// Something other than ``MPICommunicator`` called MPI_Init in this process.
  case startedElsewhere

  public var exitStatus: ExitStatus { .messagePassing }

  public var description: String {
    switch self {
    case .failed(let call, let code, let text, let rank, let host):
      let place = rank.map { "rank \($0) on \(host)" } ?? "a rank not numbered yet, on \(host)"
      return "\(place): \(call) failed with code \(code): \(text)"
    case .noThreads(let library):
      return "\(library) was built without threads; MPI_THREAD_FUNNELED is needed"
    case .finalized:
      return "MPI has been finalized in this process and cannot be started again"
    case .startedElsewhere:
      return "other code than lcnn-dist's has called MPI_Init in this process already"
    }
  }
}
