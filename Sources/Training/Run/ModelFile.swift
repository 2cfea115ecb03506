import Checkpoints
import Digests
import Foundation
import Networks
import Recipes

/// A model on disk: a safetensors file with its recipe, or one that needs a recipe beside it.
public struct ModelFile: Sendable {
  /// The metadata key under which a model file carries its recipe as JSON.
  public static let recipeKey = "lcnn-dist.recipe"

  public let path: String
  public let dictionary: FileState
  /// The recipe that trained the model; nil for a file of another program.
  public let recipe: Recipe?
  /// The file's digest and, if it belongs to a checkpoint, its step.
  public let origin: Checkpoint.ModelOrigin

  /// Reads a file, the model of a checkpoint's directory, or the newest checkpoint of a run.
  ///
  /// `RUN/latest` is that checkpoint too, and `RUN/best` the one of the highest test accuracy.
  /// `note` gets one line about each newer checkpoint that cannot be used.
  public init(_ path: String, note: (String) -> Void) throws {
    self.path = try ModelFile.resolve(path, note: note)
    let file: SafetensorsFile
    (file, origin) = try Checkpoint.model(at: self.path)
    // PyTorch's count of batches is an integer.
    dictionary = try FileState(file, path: self.path, ignoring: Model.ignoredSuffixes)
    recipe = try file.metadata[ModelFile.recipeKey].map {
      try Recipe(yaml: $0, source: "\(path) (\(ModelFile.recipeKey))")
    }
  }

  /// SHA-256 of names, shapes and values, whatever else is in the file.
  public var digest: String {
    let digest = SHA256Digest()
    for name in dictionary.names {
      guard let shape = dictionary.shape(of: name), let values = dictionary.values(of: name)
      else { continue }
      Array("\(name)\(shape)".utf8).withUnsafeBytes { digest.update($0) }
      values.withUnsafeBytes { digest.update($0) }
    }
    return digest.hexadecimal()
  }

  private static func resolve(_ path: String, note: (String) -> Void) throws -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { return try resolve(name: path, note: note) }
    let inside = "\(path)/\(Checkpoint.modelFile)"
    if FileManager.default.fileExists(atPath: inside) { return inside }
    let store = CheckpointStore(directory: try RunDirectory(opening: path))
    guard let latest = try store.latest(note: note) else {
      throw TrainingError.noCheckpoint(run: path)
    }
    return "\(latest.path)/\(Checkpoint.modelFile)"
  }

  /// The model that `RUN/latest` or `RUN/best` stands for; any other path as it is.
  private static func resolve(name path: String, note: (String) -> Void) throws -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let run = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
    switch parts.last {
    case "latest" where RunDirectory.holdsRun(run): return try resolve(run, note: note)
    case "best" where RunDirectory.holdsRun(run):
      let store = CheckpointStore(directory: try RunDirectory(opening: run))
      for step in try store.stepsByAccuracy() {
        do { return "\(try store.checkpoint(step: step).path)/\(Checkpoint.modelFile)" } catch {
          note("\(store.path(step: step)) is left out: \(error)")
        }
      }
      throw TrainingError.noTestAccuracy(run: run)
    default: return path
    }
  }
}
