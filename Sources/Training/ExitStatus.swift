import Checkpoints
import Datasets
import MessagePassing
import Networks
import Tensors

/// The process's exit codes, near `sysexits.h` where it has one.
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

  /// What the code tells, for the help text.
  public var meaning: String {
    switch self {
    case .success: "done"
    case .usage: "the command line or a recipe is wrong"
    case .unusableInput: "a data, model or checkpoint file is missing, damaged or does not fit"
    case .launch: "MPI sees one of several ranks, or the ranks are not alike"
    case .messagePassing: "MPI reported an error"
    case .outOfMemory: "the plan does not fit into memory, or a thread cannot be had"
    case .runDirectory: "the run directory exists already or cannot be written"
    case .writeFailed: "a file of the run could not be written"
    case .stopped: "stopped by a signal after a checkpoint; --resume goes on"
    case .diverged: "the loss, or a derivative of it, is not finite"
    case .replicasDiffer: "a rank's weights or state are no longer those of the others"
    case .stalled: "ranks would wait for ever: one has not come, or makes other collectives"
    }
  }

  /// The code for an error.
  public init(_ error: any Error) {
    switch error {
    case let error as TrainingError: self.init(error)
    case is RecipeError, is ArchitectureError: self = .usage
    case is DatasetError, is SafetensorsError, is StateError, is ElementTypeError,
      is RunResultsError:
      self = .unusableInput
    case let error as SurveyError:
      if case .notFinite = error { self = .diverged } else { self = .unusableInput }
    case let error as AttackError:
      switch error {
      case .notFinite: self = .diverged
      case .beyondImages, .otherState: self = .usage
      case .tooFewClasses, .damagedState: self = .unusableInput
      }
    case is RunDirectoryError: self = .runDirectory
    case let error as CheckpointError:
      if case .file = error { self = .writeFailed } else { self = .unusableInput }
    case is FileError: self = .writeFailed
    case let error as DrillError:
      if case .raised = error { self = .writeFailed } else { self = .usage }
    case is LaunchError: self = .launch
    case is MPIError: self = .messagePassing
    case is ArenaError, is ThreadError: self = .outOfMemory
    default: self = .usage
    }
  }

  private init(_ error: TrainingError) {
    switch error {
    case .batchSmallerThanRanks, .changed: self = .usage
    case .nonFinite: self = .diverged
    case .replicasDiffer: self = .replicasDiffer
    case .failedElsewhere: self = .writeFailed
    case .agreed(_, _, let status): self = status
    case .nothingToResume, .noCheckpoint, .dataChanged: self = .unusableInput
    case .ranksDiffer: self = .launch
    case .stopped: self = .stopped
    }
  }
}
