import Glibc

/// A run on disk: `recipe.json`, `metrics.jsonl`, and ``CheckpointStore``'s checkpoints.
public struct RunDirectory: Equatable, Sendable {
  /// Whether a run may find files of an earlier one.
  public enum Start: Sendable {
    /// The directory is new or empty.
    case fresh
    /// The directory may hold a run to go on with.
    case resume
  }

  public let path: String

  /// Creates the directory, and what is missing above it.
  public init(creating path: String, start: Start) throws(RunDirectoryError) {
    self.path = path
    do {
      try FileSystem.createDirectory(path)
      if start == .fresh, !(try FileSystem.entries(of: path)).isEmpty {
        throw RunDirectoryError.notEmpty(path: path)
      }
      guard access(path, W_OK) == 0 else { throw FileError("write to", path) }
    } catch let error as FileError {
      throw .file(error)
    } catch let error as RunDirectoryError {
      throw error
    } catch {
      preconditionFailure("no other error is thrown above: \(error)")
    }
  }

  /// A run that is there already, for reading.
  public init(opening path: String) throws(RunDirectoryError) {
    guard FileSystem.isDirectory(path) else { throw .missing(path: path) }
    self.path = path
  }

  /// Replaces `recipe.json`, atomically.
  public func writeRecipe(_ json: [UInt8]) throws(RunDirectoryError) {
    do {
      try FileSystem.write(json, to: "\(path)/.recipe.json.partial")
      try FileSystem.rename("\(path)/.recipe.json.partial", to: "\(path)/recipe.json")
      try FileSystem.syncDirectory(path)
    } catch { throw .file(error) }
  }

  /// `metrics.jsonl`, to be written at its end only.
  public func openMetrics() throws(RunDirectoryError) -> AppendOnlyFile {
    do { return try AppendOnlyFile("\(path)/metrics.jsonl") } catch { throw .file(error) }
  }
}

/// Why a run's directory cannot be used.
public enum RunDirectoryError: Error, Equatable, Sendable, CustomStringConvertible {
  case notEmpty(path: String)
  case missing(path: String)
  case file(FileError)

  public var description: String {
    switch self {
    case .notEmpty(let path):
      "\(path) holds a run already: go on with it by --resume, or choose another --run"
    case .missing(let path): "\(path): no such run"
    case .file(let error): error.description
    }
  }
}
