/// Exit codes of the process, close to `sysexits.h` where it has one.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  case success = 0
  case usage = 64
  case unusableInput = 65
  case launch = 69
  case messagePassing = 70
  case outOfMemory = 71
  case runDirectory = 73
  case writeFailed = 74
  case stopped = 75
  case diverged = 76
  case replicasDiffer = 77
  case stalled = 78
  case internalError = 79

  /// The meaning of the code, for the help text and the documentation.
  public var meaning: String {
    switch self {
    case .success: "done"
    case .usage: "the command line or a recipe is wrong"
    case .unusableInput: "a data, model or checkpoint file is missing, damaged or does not fit"
    case .launch: "MPI sees one of several ranks, ranks are not alike, or there is no /proc"
    case .messagePassing: "MPI reported an error"
    case .outOfMemory: "memory, a thread or an open file cannot be had"
    case .runDirectory: "the run directory exists already or cannot be written"
    case .writeFailed: "a file of the run could not be written"
    case .stopped: "asked to stop, and stopped after a checkpoint; --resume goes on"
    case .diverged: "the loss, or a derivative of it, is not finite"
    case .replicasDiffer: "a rank's weights or state are no longer those of the others"
    case .stalled: "ranks would wait for ever: one has not come, or makes other collectives"
    case .internalError: "an error that the program has no code for: please report it"
    }
  }

  /// The code of an error: its `exitStatus` if it is a ``Failure``, else ``internalError``.
  public init(_ error: any Error) {
    self = (error as? any Failure)?.exitStatus ?? .internalError
  }
}
