import Failures
import Files
import Glibc

/// A run on disk: `recipe.json`, `metrics.jsonl`, and the checkpoints of ``CheckpointStore``.
public struct RunDirectory: Equatable, Sendable {
  /// Whether the directory may contain an earlier run.
  public enum Start: Sendable {
    /// The directory must be new or empty.
    case fresh
    /// The directory may hold a run, which is continued.
    case resume
  }

  public let path: String

  /// Creates the directory and its missing parent directories.
  public init(creating path: String, start: Start) throws(RunDirectoryError) {
    self.path = path
    do {
      try FileSystem.createDirectory(path)
      if start == .fresh, !(try FileSystem.entries(of: path)).isEmpty {
        throw RunDirectoryError.notEmpty(path: path)
      }
      guard access(path, W_OK) == 0 else { throw FileError("write to", path, code: errno) }
    } catch let error as FileError {
      throw .file(error)
    } catch let error as RunDirectoryError {
      throw error
    } catch {
      unreachable("no other error is thrown above: \(error)")
    }
  }

  /// Opens an existing run for reading.
  public init(opening path: String) throws(RunDirectoryError) {
    guard FileSystem.isDirectory(path) else { throw .missing(path: path) }
    self.path = path
  }

  /// Replaces `recipe.json` atomically.
  public func writeRecipe(_ json: [UInt8]) throws(RunDirectoryError) {
    try write(json, to: .recipe)
  }

  /// Adds or replaces a small file beside the recipe atomically.
  public func write(_ bytes: [UInt8], to file: RunFile) throws(RunDirectoryError) {
    do { try FileSystem.replace(path(of: file), by: bytes) } catch { throw .file(error) }
  }

  /// Removes the lines of `metrics.jsonl` that `keep` refuses, atomically; does nothing without the
  /// file.
  public func rewriteMetrics(keep: (Substring) -> Bool) throws(RunDirectoryError) {
    guard FileSystem.exists(path(of: .metrics)) else { return }
    let bytes: [UInt8]
    do { bytes = try InputFile.contents(of: path(of: .metrics)) } catch { throw .file(error) }
    let kept = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter(keep)
    try write(Array(kept.map { "\($0)\n" }.joined().utf8), to: .metrics)
  }

  /// Opens `timings.jsonl`, whose lines depend on the machine, for appending.
  public func openTimings() throws(RunDirectoryError) -> AppendOnlyFile {
    do { return try AppendOnlyFile(path(of: .timings)) } catch { throw .file(error) }
  }

  /// Opens `environment.jsonl`, which has a line for every start of the run, for appending.
  ///
  /// The file is locked until it is closed, so that no other process can train the run meanwhile.
  public func openEnvironment() throws(RunDirectoryError) -> AppendOnlyFile {
    let file: AppendOnlyFile
    do { file = try AppendOnlyFile(path(of: .environment)) } catch { throw .file(error) }
    guard file.lock() else { throw .inUse(path: path) }
    return file
  }

  /// Lines of `environment.jsonl`, oldest first; empty without the file.
  public func environmentLines() throws(RunDirectoryError) -> [String] {
    guard FileSystem.exists(path(of: .environment)) else { return [] }
    do {
      let bytes = try InputFile.contents(of: path(of: .environment))
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    } catch { throw .file(error) }
  }

  /// Opens `metrics.jsonl` for appending.
  public func openMetrics() throws(RunDirectoryError) -> AppendOnlyFile {
    do { return try AppendOnlyFile(path(of: .metrics)) } catch { throw .file(error) }
  }
}

/// Reasons why a run's directory cannot be used.
public enum RunDirectoryError: Failure, Equatable, Sendable {
  case notEmpty(path: String)
  case missing(path: String)
  /// Another process is training the run.
  case inUse(path: String)
  case file(FileError)

  public var exitStatus: ExitStatus { .runDirectory }

  public var description: String {
    switch self {
    case .notEmpty(let path):
      "\(path) holds a run already: go on with it by --resume, or choose another --run"
    case .missing(let path): "\(path): no such run"
    case .inUse(let path):
      "\(path) is being trained by another process; wait for its end, or stop it"
    case .file(let error): error.description
    }
  }
}
