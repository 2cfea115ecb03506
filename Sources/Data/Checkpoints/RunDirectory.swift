import Failures
import Files
import Glibc

/// A run on disk: `recipe.json`, `metrics.jsonl`, and the checkpoints of ``CheckpointStore``.
public struct RunDirectory: Equatable, Sendable {
  /// Whether the directory may contain an earlier run.
  public enum Start: Sendable {
    /// The directory must be new or empty.
    case fresh
    /// The directory must be new; if it exists, a number is appended to its name.
    case unique
    /// The directory may hold a run, which is continued.
    case resume
  }

  public let path: String

  /// Creates the directory and its missing parent directories.
  public init(creating path: String, start: Start) throws(RunDirectoryError) {
    do throws(FileError) {
      self.path = start == .unique ? try Self.makeUnique(path) : path
      try FileSystem.createDirectory(self.path)
      guard access(self.path, W_OK) == 0 else {
        throw FileError("write to", self.path, code: errno)
      }
    } catch { throw .file(error) }
    if start != .resume { try requireFresh() }
  }

  /// Creates `path`, `path-2`, `path-3`, …: the first one that no other process has created.
  private static func makeUnique(_ path: String) throws(FileError) -> String {
    if let parent = FileSystem.parent(of: path) { try FileSystem.createDirectory(parent) }
    var candidate = path
    var number = 1
    while !(try FileSystem.createNewDirectory(candidate)) {
      number += 1
      candidate = "\(path)-\(number)"
    }
    return candidate
  }

  /// Refuses a directory that holds more than an earlier start leaves when it ends at once: its lock,
  /// and a recipe that has not got its name.
  public func requireFresh() throws(RunDirectoryError) {
    do throws(FileError) {
      let lock = RunFile.environment.rawValue
      let leftovers = [lock, FileSystem.partialName(of: RunFile.recipe.rawValue)]
      let entries = try FileSystem.entries(of: path)
      if entries.allSatisfy(leftovers.contains) {
        guard entries.contains(lock) else { return }
        if try InputFile(reading: self.path(of: .environment)).byteCount == 0 { return }
      }
    } catch { throw .file(error) }
    throw .notEmpty(path: path, holdsRun: Self.holdsRun(path))
  }

  /// Whether there is a run at `path` that has begun: its recipe, a start in its history, or a
  /// checkpoint.
  public static func holdsRun(_ path: String) -> Bool {
    FileSystem.exists(RunFile.recipe.path(in: path))
      || holdsLine(RunFile.environment.path(in: path))
      || !((try? FileSystem.entries(of: RunFile.checkpoints.path(in: path))) ?? []).isEmpty
  }

  /// Whether a file has at least one line that is whole.
  private static func holdsLine(_ path: String) -> Bool {
    ((try? InputFile.contents(of: path)) ?? []).contains(UInt8(ascii: "\n"))
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

  /// Moves the lines of `metrics.jsonl` that `keep` refuses to `metrics-rewound.jsonl`; does nothing
  /// without the file.
  public func rewriteMetrics(keep: (Substring) -> Bool) throws(RunDirectoryError) {
    guard FileSystem.exists(path(of: .metrics)) else { return }
    let bytes: [UInt8]
    do { bytes = try InputFile.contents(of: path(of: .metrics)) } catch { throw .file(error) }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let kept = lines.filter(keep)
    guard kept.count < lines.count else { return }
    do {
      // They are on the disk before they leave the metrics; after a power failure some are there
      // twice.
      let rewound = try AppendOnlyFile(path(of: .rewoundMetrics))
      try rewound.append(line: lines.filter { !keep($0) }.joined(separator: "\n"))
      try rewound.sync()
    } catch { throw .file(error) }
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

  /// Refuses a directory in which an open file was removed, or that is elsewhere by now.
  public func requireInPlace(_ files: [AppendOnlyFile]) throws(RunDirectoryError) {
    for file in files {
      do { try file.requireInPlace() } catch { throw .moved(path: path, file: file.path) }
    }
  }

  /// Opens `metrics.jsonl` for appending.
  public func openMetrics() throws(RunDirectoryError) -> AppendOnlyFile {
    do { return try AppendOnlyFile(path(of: .metrics)) } catch { throw .file(error) }
  }
}

/// Reasons why a run's directory cannot be used.
public enum RunDirectoryError: Failure, Equatable, Sendable {
  case notEmpty(path: String, holdsRun: Bool)
  case missing(path: String)
  /// Another process is training the run.
  case inUse(path: String)
  /// `file` of the run was removed or renamed, or the whole directory, while the run went on.
  case moved(path: String, file: String)
  case file(FileError)

  public var exitStatus: ExitStatus {
    if case .file(let error) = self, error.exitStatus == .outOfMemory { return .outOfMemory }
    return .runDirectory
  }

  public var description: String {
    switch self {
    case .notEmpty(let path, let holdsRun):
      holdsRun
        ? "\(path) holds a run already: go on with it by lcnn-dist train --resume --run "
          + "\(ShellWord(path)), or choose another --run"
        : "\(path) holds files and no run: choose another --run"
    case .missing(let path): "\(path): no such run"
    case .inUse(let path):
      "\(path) is being trained by another process; wait for its end, or stop it"
    case .moved(let path, let file):
      "\(file) was removed or renamed while the run went on: put \(path) back as it was, and go on "
        + "with --resume"
    case .file(let error): error.description
    }
  }
}
