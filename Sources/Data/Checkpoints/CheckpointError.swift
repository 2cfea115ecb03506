import Failures
import Files

/// Reasons why a checkpoint cannot be written or read.
public enum CheckpointError: Failure, Equatable, Sendable {
  case file(FileError)
  case tensors(SafetensorsError)
  /// `state.json` cannot be decoded as a ``TrainingState``.
  case unreadableState(path: String, reason: String)
  case wrongVersion(path: String, found: Int, expected: Int)
  case wrongStep(path: String, found: Int, expected: Int)
  case wrongDigest(path: String, found: String, expected: String)
  case noDigest(path: String, file: String)
  case differentContents(path: String, file: String)
}

extension CheckpointError {
  public var exitStatus: ExitStatus {
    if case .file = self { .writeFailed } else { .unusableInput }
  }

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .tensors(let error): error.description
    case .unreadableState(let path, let reason): "\(path): \(reason)"
    case .wrongVersion(let path, let found, let expected):
      "\(path): formatVersion is \(found), expected \(expected)"
    case .wrongStep(let path, let found, let expected):
      "\(path): step is \(found), but the directory says \(expected)"
    case .wrongDigest(let path, let found, let expected):
      "\(path): sha256 is \(found), but state.json says \(expected); the file was changed or damaged: "
        + "remove its directory to resume from the checkpoint before it"
    case .noDigest(let path, let file): "\(path): no sha256 of \(file)"
    case .differentContents(let path, let file):
      "\(path) exists, with another \(file); remove it, or resume from it"
    }
  }
}
