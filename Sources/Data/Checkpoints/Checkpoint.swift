import Digests
import Files
import Foundation

/// A complete checkpoint whose digests have been checked.
public struct Checkpoint: Equatable, Sendable {
  /// Names of the files in a checkpoint's directory.
  public static let modelFile = "model.safetensors"
  public static let optimizerFile = "optimizer.safetensors"
  public static let stateFile = "state.json"

  public let path: String
  public let state: TrainingState
  public let model: SafetensorsFile
  public let optimizer: SafetensorsFile

  /// Reads a checkpoint's directory, and checks both tensor files against the digests in
  /// `state.json`.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    state = try Self.state(in: path)
    model = try Self.tensors(in: path, file: Self.modelFile, state: state)
    optimizer = try Self.tensors(in: path, file: Self.optimizerFile, state: state)
  }

  static func state(in path: String) throws(CheckpointError) -> TrainingState {
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
    guard state.formatVersion == TrainingState.currentVersion else {
      throw .wrongVersion(
        path: file, found: state.formatVersion, expected: TrainingState.currentVersion)
    }
    return state
  }

  private static func tensors(
    in path: String, file: String, state: TrainingState
  ) throws(CheckpointError) -> SafetensorsFile {
    let bytes = try contents(of: "\(path)/\(file)")
    guard let expected = state.sha256[file] else {
      throw .noDigest(path: "\(path)/\(stateFile)", file: file)
    }
    let found = bytes.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    guard found == expected else {
      throw .wrongDigest(path: "\(path)/\(file)", found: found, expected: expected)
    }
    do { return try SafetensorsFile(bytes: bytes, path: "\(path)/\(file)") } catch {
      throw .tensors(error)
    }
  }

  private static func contents(of path: String) throws(CheckpointError) -> [UInt8] {
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
