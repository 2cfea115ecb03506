import Failures
import Files
import Foundation

/// The checkpoints of one run: `checkpoints/step-00001234/` in its directory.
///
/// A checkpoint is written into a hidden directory beside its place, synced, and renamed, so a directory with its final name
/// is complete, whenever the writer was killed. One process writes at a time: rank 0.
public struct CheckpointStore: Sendable {
  public let path: String
  private static let partialSuffix = ".partial"

  public init(directory: RunDirectory) {
    path = directory.path(of: .checkpoints)
  }

  /// Writes a checkpoint and returns its path; the digests of `state` are filled in.
  ///
  /// A checkpoint of the same step and the same tensors is kept as it is; one with other tensors is an error.
  /// The tensors are made and written piece by piece: a save takes little memory.
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
      // On a full disk the remains would be in the way of the next attempt; why the save failed matters more than this.
      try? FileSystem.removeFlatDirectory(partial)
      throw .file(error)
    }
    return place
  }

  /// The newest complete checkpoint, checked; none before the first save.
  ///
  /// What an interrupted save left behind is ignored; `note` gets one line about each. A complete checkpoint that cannot be
  /// read is an error rather than a reason to take the one before: the user decides.
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

  /// The steps of the complete checkpoints, ascending.
  public func steps() throws(CheckpointError) -> [Int] {
    try entries().compactMap(Self.step).sorted()
  }

  /// Removes all complete checkpoints but the newest `count`, and what interrupted saves left behind.
  public func keepNewest(_ count: Int) throws(CheckpointError) {
    require(count >= 1, "at least one checkpoint is kept, not \(count)")
    let names = try entries()
    do {
      for step in names.compactMap(Self.step).sorted().dropLast(count) {
        // Renamed first: a removal that is interrupted must not leave half a checkpoint under a complete one's name.
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
