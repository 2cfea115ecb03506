import Failures
import Files

/// Reasons why a checkpoint cannot be written or read.
public enum CheckpointError: Failure, Equatable, Sendable {
  /// A file of a checkpoint cannot be read.
  case file(FileError)
  /// A checkpoint cannot be written, or an old one removed.
  case save(FileError)
  /// A checkpoint that was written is not kept, since the ranks' copies differ.
  case withdrawn(path: String)
  case tensors(SafetensorsError)
  /// `state.json` cannot be decoded as a ``TrainingState``.
  case unreadableState(path: String, reason: String)
  case wrongVersion(path: String, found: Int, expected: Int)
  case wrongStep(path: String, found: Int, expected: Int)
  case wrongDigest(path: String, found: String, expected: String)
  case noDigest(path: String, file: String)
  /// A line of `SHA256SUMS` is not a digest with a file's name.
  case damagedDigests(path: String, line: Int)
  case differentContents(path: String, file: String)
  /// Checkpoints that a check has found damaged.
  case damaged(paths: [String])
  /// The run has checkpoints, and none can be used.
  case noneUsable(path: String, newest: String)
}

extension CheckpointError {
  public var exitStatus: ExitStatus {
    switch self {
    case .file(let error), .save(let error): error.exitStatus
    default: .unusableInput
    }
  }

  public var description: String {
    switch self {
    case .file(let error), .save(let error): error.description
    case .withdrawn(let path): "\(path) is not kept: the ranks' copies differ"
    case .tensors(let error): error.description
    case .unreadableState(let path, let reason): "\(path): \(reason)"
    case .wrongVersion(let path, let found, let expected):
      "\(path): formatVersion is \(found), expected \(expected)"
    case .wrongStep(let path, let found, let expected):
      "\(path): step is \(found), but the directory says \(expected)"
    case .wrongDigest(let path, let found, let expected):
      "\(path): SHA-256 is \(found), but \(Checkpoint.digestsFile) says \(expected); "
        + "the file was changed or damaged"
    case .noDigest(let path, let file): "\(path): no SHA-256 of \(file)"
    case .damagedDigests(let path, let line):
      "\(path):\(line): expected a SHA-256, two spaces and a file's name"
    case .differentContents(let path, let file):
      "\(path) exists, with another \(file); remove it, or resume from it"
    case .damaged(let paths): "damaged: \(paths.joined(separator: ", "))"
    case .noneUsable(let path, let newest):
      "\(path): no checkpoint can be used; the newest: \(newest)"
    }
  }
}
