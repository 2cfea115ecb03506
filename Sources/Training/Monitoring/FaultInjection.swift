import Datasets
import Environment
import Failures
import MessagePassing
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// A fault that one rank makes on purpose, to test how a cluster reacts.
///
/// `LCNN_DIST_DRILL=sleep:rank=1,step=3` in the environment of all ranks: rank 1 sleeps for ever
/// where step 3 would begin, counted from 1 as in `metrics.jsonl`.
public struct FaultInjection: Equatable, Sendable {
  public static let variable = EnvironmentVariable.faultInjection.rawValue

  public enum Fault: String, CaseIterable, Sendable {
    /// Sleeps for ever.
    case sleep
    /// Leaves out the first allreduce of the step.
    case skip
    /// Fails, as if a file could not be written.
    case raise
    /// Makes the first pixel of its batch NaN.
    case nan
    /// Flips the highest bit of the mantissa of its first weight.
    case flip
    /// Is killed by SIGKILL.
    case kill
    /// Reads an address that it does not have.
    case segfault
    /// Fails a check of the program.
    case trap
    /// Calls abort.
    case abort
    /// Sleeps for half of its local step time, in this step and in all later ones.
    case slow
  }

  public let fault: Fault
  public let rank: Int
  public let step: Int

  public init(_ fault: Fault, rank: Int, step: Int) {
    self.fault = fault
    self.rank = rank
    self.step = step
  }

  /// Reads `FAULT:rank=R,step=S`.
  public init(parsing text: String) throws(FaultInjectionError) {
    guard let match = text.wholeMatch(of: /([a-z]+):rank=(\d+),step=(\d+)/),
      let rank = Int(match.2), let step = Int(match.3), step > 0
    else { throw .malformed(text) }
    guard let fault = Fault(rawValue: String(match.1)) else { throw .unknown(String(match.1)) }
    self.init(fault, rank: rank, step: step)
  }

  /// Reads the environment; nil where the variable is not set.
  public init?(environment: [String: String], ranks: Int) throws(FaultInjectionError) {
    guard let text = environment[Self.variable] else { return nil }
    try self.init(parsing: text)
    guard rank < ranks else { throw .noSuchRank(rank, ranks: ranks) }
  }

  /// Makes the fault, if this is its rank and its step.
  ///
  /// Never inlined: backtraces of faults name it.
  @inline(never)
  func act(
    step: Int, _ batch: Batch, _ model: Model, _ communicator: any Communicator
  ) throws(FaultInjectionError) {
    guard step == self.step, communicator.rank == rank else { return }
    switch fault {
    case .sleep: while true { Glibc.sleep(.max) }
    case .skip:
      guard let ledgered = communicator as? LedgeredCommunicator else { throw .noLedger }
      ledgered.ledger.omitNextAllreduce()
    case .raise: throw .raised(step: step)
    case .nan: batch.images[0] = .nan
    case .flip:
      model.flatParameters[0] = Float(bitPattern: model.flatParameters[0].bitPattern ^ 1 << 22)
    case .kill: Glibc.kill(getpid(), SIGKILL)
    case .segfault:
      UnsafePointer<UInt8>(bitPattern: 64).map { batch.images[0] = Float($0.pointee) }
    case .trap: unreachable("the injected fault in step \(step)")
    case .abort: Glibc.abort()
    case .slow: break
    }
  }

  /// Seconds that a rank is to sleep in a step, if its local time of the step before was `seconds`.
  func delay(step: Int, rank: Int, after seconds: Double) -> Double {
    fault == .slow && rank == self.rank && step >= self.step ? seconds / 2 : 0
  }
}

extension FaultInjection: CustomStringConvertible {
  public var description: String { "fault injection: \(fault) on rank \(rank) in step \(step)" }
}

/// A fault injection that is refused, or the error that `raise` throws.
public enum FaultInjectionError: Failure, Equatable, Sendable {
  case malformed(String)
  case unknown(String)
  case noSuchRank(Int, ranks: Int)
  /// Skipping an allreduce takes the ledger of the rank's collectives.
  case noLedger
  case raised(step: Int)

  public var exitStatus: ExitStatus {
    if case .raised = self { .writeFailed } else { .usage }
  }

  public var description: String {
    switch self {
    case .malformed(let text):
      "\(FaultInjection.variable)=\(text): expected FAULT:rank=R,step=S, as in sleep:rank=1,step=3"
    case .unknown(let fault):
      "\(FaultInjection.variable): no fault \"\(fault)\"; there are "
        + FaultInjection.Fault.allCases.map(\.rawValue).joined(separator: ", ")
    case .noSuchRank(let rank, let ranks):
      "\(FaultInjection.variable): no rank \(rank) among \(ranks)"
    case .noLedger: "\(FaultInjection.variable): skip needs --watchdog on and --threads 1"
    case .raised(let step): "the injected error in step \(step)"
    }
  }
}
