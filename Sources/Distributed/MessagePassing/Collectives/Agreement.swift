import Failures

/// Work that, if it fails on some ranks, must fail on all ranks at the same point of the program.
public struct Agreement {
  private let communicator: any Communicator

  public init(_ communicator: any Communicator) { self.communicator = communicator }

  /// Runs `body` on every rank; if it throws on some, all ranks throw the error of the lowest of
  /// these.
  ///
  /// Collective, whether or not `body` throws. `body` must not make collectives that other ranks do
  /// not make.
  public func perform<Value>(_ body: () throws -> Value) throws -> Value {
    let outcome = Result(catching: body)
    var report: [UInt8] = []
    if case .failure(let error) = outcome {
      report = [UInt8(ExitStatus(error).rawValue)] + Array("\(error)".utf8)
    }
    for (rank, report) in communicator.allGather(report).enumerated() where !report.isEmpty {
      // A single rank keeps its error as it is.
      if communicator.size == 1 { break }
      throw AgreementError.failed(
        rank: rank, message: String(decoding: report.dropFirst(), as: UTF8.self),
        status: ExitStatus(rawValue: Int32(report[0])) ?? .internalError)
    }
    return try outcome.get()
  }

  /// Throws on every rank unless each of `values` is equal on all ranks; `what` names it in the
  /// message.
  ///
  /// Collective. Ranks with different data would make different collectives and wait for ever.
  /// Ranks that round differently would compute different weights from equal gradients.
  public func requireSame(_ values: [(what: String, value: String)]) throws {
    let joined = values.map(\.value).joined(separator: "\0")
    let gathered = communicator.allGather(Array(joined.utf8))
      .map {
        String(decoding: $0, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
      }
    for (rank, found) in gathered.enumerated() {
      for (index, (root, other)) in zip(gathered[0], found).enumerated() where root != other {
        throw AgreementError.ranksDiffer(
          what: values[index].what, rank: rank, found: String(other), rootValue: String(root))
      }
    }
  }

  /// Runs `body` on rank 0 only, and throws on all ranks if it throws there.
  ///
  /// Collective.
  public func performOnRoot(_ body: () throws -> Void) throws {
    try perform { if communicator.rank == 0 { try body() } }
  }
}
