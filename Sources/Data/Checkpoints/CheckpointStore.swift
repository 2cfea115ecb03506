import Digests
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
  private static let damagedSuffix = ".damaged"

  public init(directory: RunDirectory) {
    path = directory.path(of: .checkpoints)
  }

  /// Writes a checkpoint with its digests, and returns the checkpoint's path.
  ///
  /// If a checkpoint of this step exists, it is kept if its tensors are equal; otherwise an error
  /// is thrown. Tensors are made and written in pieces, so a save needs little memory.
  /// - Parameter isWanted: asked when the files are on the disk under a temporary name. If it
  ///   answers no, they are removed, and ``CheckpointError/withdrawn(path:)`` is thrown.
  @discardableResult
  public func save(
    _ state: TrainingState, model: SafetensorsStream, optimizer: SafetensorsStream,
    isWanted: () -> Bool = { true }
  ) throws(CheckpointError) -> String {
    let files = [
      (name: Checkpoint.modelFile, contents: model),
      (name: Checkpoint.optimizerFile, contents: optimizer),
    ]
    let place = "\(path)/\(Self.name(step: state.step))"
    if FileSystem.exists(place) {
      let old = try CheckpointDigests(of: place).digests
      for file in files where old[file.name] != file.contents.sha256() {
        throw .differentContents(path: place, file: file.name)
      }
      return place
    }
    let partial = "\(path)/.\(Self.name(step: state.step))\(Self.partialSuffix)"
    do throws(FileError) {
      try write(state, files, to: partial)
      if isWanted() {
        try FileSystem.rename(partial, to: place)
        try FileSystem.syncDirectory(path)
        return place
      }
    } catch {
      // On a full disk, remains would block the next attempt. An error of this removal is ignored,
      // because the reason why the save failed matters more.
      try? FileSystem.removeFlatDirectory(partial)
      throw .save(error)
    }
    try? FileSystem.removeFlatDirectory(partial)
    throw .withdrawn(path: place)
  }

  /// The newest checkpoint whose files are whole; nil before the first save.
  ///
  /// `note` gets one line about each newer checkpoint that cannot be used, with the reason.
  /// - Throws: ``CheckpointError`` if there are checkpoints and none can be used.
  public func latest(note: (String) -> Void) throws(CheckpointError) -> Checkpoint? {
    var newest: CheckpointError?
    for step in try steps().reversed() {
      do throws(CheckpointError) { return try checkpoint(step: step) } catch {
        if error.exitStatus == .outOfMemory { throw error }
        note("\(Self.name(step: step)) is left out: \(error)")
        newest = newest ?? error
      }
    }
    if let newest { throw .noneUsable(path: path, newest: "\(newest)") }
    return nil
  }

  /// The complete checkpoint of a step, checked.
  public func checkpoint(step: Int) throws(CheckpointError) -> Checkpoint {
    let checkpoint = try Checkpoint(path: "\(path)/\(Self.name(step: step))")
    guard checkpoint.state.step == step else {
      throw .wrongStep(
        path: "\(checkpoint.path)/\(Checkpoint.stateFile)", found: checkpoint.state.step,
        expected: step)
    }
    return checkpoint
  }

  /// Paths of what interrupted saves and removals have left; the next save removes them.
  public func remains() throws(CheckpointError) -> [String] {
    try entries().filter(Self.isPartial).map { "\(path)/\($0)" }
  }

  /// Gives the checkpoints after `step`, which cannot be used, other names.
  ///
  /// The run can then save these steps again. `note` gets one line about each.
  public func setAside(after step: Int, note: (String) -> Void) throws(CheckpointError) {
    let steps = try steps()
    do throws(FileError) {
      for later in steps where later > step {
        let name = Self.name(step: later)
        var aside = "\(path)/\(name)\(Self.damagedSuffix)"
        var number = 1
        while FileSystem.exists(aside) {
          number += 1
          aside = "\(path)/\(name)\(Self.damagedSuffix)-\(number)"
        }
        try FileSystem.rename("\(path)/\(name)", to: aside)
        try FileSystem.syncDirectory(path)
        note("\(name) is kept as \(aside)")
      }
    } catch { throw .save(error) }
  }

  /// Steps of the complete checkpoints, in ascending order.
  public func steps() throws(CheckpointError) -> [Int] {
    try entries().compactMap(Self.step).sorted()
  }

  /// Which checkpoints are kept.
  public struct Retention: Equatable, Sendable {
    public let newest: Int
    /// Number of checkpoints of the highest test accuracy.
    public let best: Int
    /// The checkpoints of each so many epochs; nil for none.
    public let everyEpochs: Int?

    public init(newest: Int, best: Int = 0, everyEpochs: Int? = nil) {
      require(newest >= 1, "at least one checkpoint is kept, not \(newest)")
      self.newest = newest
      self.best = best
      self.everyEpochs = everyEpochs
    }
  }

  /// Removes the complete checkpoints that are not kept, and remains of interrupted saves.
  ///
  /// Returns the steps of the checkpoints that are removed.
  @discardableResult
  public func prune(_ retention: Retention) throws(CheckpointError) -> [Int] {
    let names = try entries()
    let surplus = try surplus(retention)
    do throws(FileError) {
      for step in surplus {
        // The directory is renamed first, so that an interrupted removal does not leave an
        // incomplete checkpoint under a final name.
        let partial = "\(path)/.\(Self.name(step: step))\(Self.partialSuffix)"
        if FileSystem.lexists(partial) { try FileSystem.removeFlatDirectory(partial) }
        try FileSystem.rename("\(path)/\(Self.name(step: step))", to: partial)
        try FileSystem.syncDirectory(path)
        try FileSystem.removeFlatDirectory(partial)
      }
      for name in names where Self.isPartial(name) && FileSystem.lexists("\(path)/\(name)") {
        try FileSystem.removeFlatDirectory("\(path)/\(name)")
      }
    } catch { throw .save(error) }
    return surplus
  }

  /// Steps of the checkpoints that are not kept, in ascending order.
  public func surplus(_ retention: Retention) throws(CheckpointError) -> [Int] {
    let older = Array(try steps().dropLast(retention.newest))
    guard !older.isEmpty, retention.best > 0 || retention.everyEpochs != nil else { return older }
    let best = Set(try stepsByAccuracy().prefix(retention.best))
    return older.filter { step in
      guard !best.contains(step) else { return false }
      guard let every = retention.everyEpochs, let state = state(step: step) else { return true }
      return state.stepInEpoch > 0 || state.epoch == 0 || !state.epoch.isMultiple(of: every)
    }
  }

  /// Steps of the checkpoints with a test accuracy, the highest first, of equal ones the earliest.
  public func stepsByAccuracy() throws(CheckpointError) -> [Int] {
    let accuracies = try steps().compactMap { step in
      state(step: step)?.testAccuracy.map { (step: step, accuracy: $0) }
    }
    return accuracies.sorted {
      $0.accuracy == $1.accuracy ? $0.step < $1.step : $0.accuracy > $1.accuracy
    }
    .map(\.step)
  }

  /// The state of a checkpoint; nil if it is damaged.
  public func state(step: Int) -> TrainingState? {
    let checkpoint = path(step: step)
    guard let digests = try? CheckpointDigests(of: checkpoint) else { return nil }
    return try? Checkpoint.state(in: checkpoint, digests)
  }

  /// The directory of a step's checkpoint.
  public func path(step: Int) -> String { "\(path)/\(Self.name(step: step))" }

  private func write(
    _ state: TrainingState, _ files: [(name: String, contents: SafetensorsStream)],
    to partial: String
  ) throws(FileError) {
    var digests = CheckpointDigests()
    if FileSystem.lexists(partial) { try FileSystem.removeFlatDirectory(partial) }
    try FileSystem.createDirectory(partial)
    for file in files {
      digests.digests[file.name] = try file.contents.write(to: "\(partial)/\(file.name)")
    }
    let state = Self.encoded(state)
    digests.digests[Checkpoint.stateFile] = state.withUnsafeBytes {
      SHA256Digest.hexadecimal(of: $0)
    }
    try FileSystem.write(state, to: "\(partial)/\(Checkpoint.stateFile)")
    try FileSystem.write(Array(digests.text.utf8), to: "\(partial)/\(Checkpoint.digestsFile)")
    try FileSystem.syncDirectory(partial)
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
