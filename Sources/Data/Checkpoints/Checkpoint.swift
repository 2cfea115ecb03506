import Digests
import Files
import Foundation

/// A complete checkpoint whose digests have been checked.
public struct Checkpoint: Equatable, Sendable {
  /// Names of the files in a checkpoint's directory.
  public static let modelFile = "model.safetensors"
  public static let optimizerFile = "optimizer.safetensors"
  public static let stateFile = "state.json"
  public static let digestsFile = "SHA256SUMS"

  public let path: String
  public let state: TrainingState
  public let model: SafetensorsFile
  public let optimizer: SafetensorsFile

  /// Reads a checkpoint's directory, and checks its files against their digests.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    let digests = try CheckpointDigests(of: path)
    state = try Self.state(in: path, digests)
    model = try Self.tensors(in: path, file: Self.modelFile, digests)
    optimizer = try Self.tensors(in: path, file: Self.optimizerFile, digests)
  }

  /// Where a model comes from, for the files of its measurements.
  public struct ModelOrigin: Equatable, Sendable {
    /// SHA-256 of the model's file, in hexadecimal.
    public let sha256: String
    /// The steps that have trained it; nil if it does not belong to a checkpoint.
    public let step: Int?

    public init(sha256: String, step: Int?) {
      self.sha256 = sha256
      self.step = step
    }
  }

  /// Reads the model at `path`, checked against its digest if it belongs to a checkpoint.
  public static func model(
    at path: String
  ) throws(CheckpointError) -> (file: SafetensorsFile, origin: ModelOrigin) {
    let directory = FileSystem.directory(of: path)
    let name = String(path.split(separator: "/").last ?? "")
    let belongsToCheckpoint = [digestsFile, stateFile].contains {
      FileSystem.exists("\(directory)/\($0)")
    }
    if name == modelFile && belongsToCheckpoint {
      let digests = try CheckpointDigests(of: directory)
      let file = try tensors(in: directory, file: name, digests)
      let step = try state(in: directory, digests).step
      return (file, ModelOrigin(sha256: digests.digests[name] ?? "", step: step))
    }
    let file: SafetensorsFile
    do { file = try SafetensorsFile.read(path) } catch { throw .tensors(error) }
    let sha256 = try contents(of: path).withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    return (file, ModelOrigin(sha256: sha256, step: nil))
  }

  /// SHA-256 of the model of the checkpoint at `path`, as its file of digests says; nil without one.
  public static func modelDigest(in path: String) -> String? {
    (try? CheckpointDigests(of: path))?.digests[modelFile]
  }

  static func state(in path: String, _ digests: CheckpointDigests) throws(CheckpointError)
    -> TrainingState
  {
    let file = "\(path)/\(stateFile)"
    let bytes = try contents(of: file)
    let state: TrainingState
    do {
      state = try JSONDecoder().decode(TrainingState.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw .unreadableState(path: file, reason: reason(for: error))
    } catch {
      throw .unreadableState(path: file, reason: "not JSON")
    }
    guard (1...TrainingState.currentVersion).contains(state.formatVersion) else {
      throw .wrongVersion(
        path: file, found: state.formatVersion, expected: TrainingState.currentVersion)
    }
    try digests.check(bytes, of: stateFile, in: path)
    if let fault = state.fault { throw .unreadableState(path: file, reason: fault) }
    return state
  }

  private static func tensors(
    in path: String, file: String, _ digests: CheckpointDigests
  ) throws(CheckpointError) -> SafetensorsFile {
    let bytes = try contents(of: "\(path)/\(file)")
    try digests.check(bytes, of: file, in: path)
    do { return try SafetensorsFile(bytes: bytes, path: "\(path)/\(file)") } catch {
      throw .tensors(error)
    }
  }

  static func contents(of path: String) throws(CheckpointError) -> [UInt8] {
    do { return try InputFile.contents(of: path) } catch { throw .file(error) }
  }

  private static func reason(for error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "no \"\(key.stringValue)\""
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is not of type \(type)"
    default: "not JSON"
    }
  }
}
