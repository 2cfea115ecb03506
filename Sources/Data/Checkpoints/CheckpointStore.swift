import Failures
import Files
import Foundation

/// The checkpoints of one run, `checkpoints/step-00001234/` in its directory.
///
/// A checkpoint is written into a hidden directory, synced, and renamed. A directory with its final
/// name is therefore complete, even if the writer is killed. Only rank 0 writes.
public struct CheckpointStore: Sendable {
  public let path: String
  private static let partialSuffix = ".partial"

  public init(directory: RunDirectory) {
    path = directory.path(of: .checkpoints)
  }

  /// Writes a checkpoint, fills in the digests of `state`, and returns the checkpoint's path.
  ///
  /// If a checkpoint of this step exists, it is kept if its tensors are equal; otherwise an error
  /// is thrown. Tensors are made and written in pieces, so a save needs little memory.
  @discardableResult
  public func save(
    _ state: TrainingState, model: SafetensorsStream, optimizer: SafetensorsStream
  ) throws(CheckpointError) -> String {
    let files = [
      (name: Checkpoint.modelFile, contents: model),
      (name: Checkpoint.optimizerFile, contents: optimizer),
    ]
    let place = "\(path)/\(Self.name(step: state.step))"
    if FileSystem.exists(place) {
      let old = try Checkpoint.state(in: place)
      for file in files where old.sha256[file.name] != file.contents.sha256() {
        throw .differentContents(path: place, file: file.name)
      }
      return place
    }
    let partial = "\(path)/.\(Self.name(step: state.step))\(Self.partialSuffix)"
    do { try write(state, files, place: place, partial: partial) } catch {
      // On a full disk, remains would block the next attempt. An error of this removal is ignored,
      // because the reason why the save failed matters more.
      try? FileSystem.removeFlatDirectory(partial)
      throw .file(error)
    }
    return place
  }

  /// The newest complete checkpoint, checked; nil before the first save.
  ///
  /// Remains of interrupted saves are ignored, and `note` gets one line about each. If the newest
  /// complete checkpoint cannot be read, an error is thrown and no older one is used, so that the
  /// user decides.
  public func latest(note: (String) -> Void) throws(CheckpointError) -> Checkpoint? {
    let names = try entries()
    for name in names where Self.isPartial(name) {
      note("\(path)/\(name): left by an interrupted save or removal, ignored")
    }
    guard let step = names.compactMap(Self.step).max() else { return nil }
    let checkpoint = try Checkpoint(path: "\(path)/\(Self.name(step: step))")
    guard checkpoint.state.step == step else {
      throw .wrongStep(
        path: "\(checkpoint.path)/\(Checkpoint.stateFile)", found: checkpoint.state.step,
        expected: step)
    }
    return checkpoint
  }

  /// Steps of the complete checkpoints, in ascending order.
  public func steps() throws(CheckpointError) -> [Int] {
    try entries().compactMap(Self.step).sorted()
  }

  /// Removes all complete checkpoints except the newest `count`, and remains of interrupted saves.
  public func keepNewest(_ count: Int) throws(CheckpointError) {
    require(count >= 1, "at least one checkpoint is kept, not \(count)")
    let names = try entries()
    do {
      for step in names.compactMap(Self.step).sorted().dropLast(count) {
        // The directory is renamed first, so that an interrupted removal does not leave an
        // incomplete checkpoint under a final name.
        let partial = "\(path)/.\(Self.name(step: step))\(Self.partialSuffix)"
        if FileSystem.exists(partial) { try FileSystem.removeFlatDirectory(partial) }
        try FileSystem.rename("\(path)/\(Self.name(step: step))", to: partial)
        try FileSystem.syncDirectory(path)
        try FileSystem.removeFlatDirectory(partial)
      }
      for name in names where Self.isPartial(name) && FileSystem.exists("\(path)/\(name)") {
        try FileSystem.removeFlatDirectory("\(path)/\(name)")
      }
    } catch { throw .file(error) }
  }

  private func write(
    _ state: TrainingState, _ files: [(name: String, contents: SafetensorsStream)], place: String,
    partial: String
  ) throws(FileError) {
    var state = state
    if FileSystem.exists(partial) { try FileSystem.removeFlatDirectory(partial) }
    try FileSystem.createDirectory(partial)
    for file in files {
      state.sha256[file.name] = try file.contents.write(to: "\(partial)/\(file.name)")
    }
    try FileSystem.write(Self.encoded(state), to: "\(partial)/\(Checkpoint.stateFile)")
    try FileSystem.syncDirectory(partial)
    try FileSystem.rename(partial, to: place)
    try FileSystem.syncDirectory(path)
  }

  private func entries() throws(CheckpointError) -> [String] {
    guard FileSystem.exists(path) else { return [] }
    do { return try FileSystem.entries(of: path) } catch { throw .file(error) }
  }

  private static func encoded(_ state: TrainingState) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do { return Array(try encoder.encode(state)) + [UInt8(ascii: "\n")] } catch {
      unreachable("integers and strings are always JSON: \(error)")
    }
  }

  private static func name(step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  private static func step(_ name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), self.name(step: step) == name
    else { return nil }
    return step
  }

  private static func isPartial(_ name: String) -> Bool {
    name.hasPrefix(".step-") && name.hasSuffix(partialSuffix)
  }
}
