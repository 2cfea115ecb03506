import Checkpoints
import Foundation
import TestFiles
import Testing

@Suite struct CheckpointStoreTests {
  let directory: TemporaryDirectory
  let store: CheckpointStore

  init() throws {
    directory = try TemporaryDirectory()
    store = CheckpointStore(
      directory: try RunDirectory(creating: directory.path, start: .fresh))
  }

  @Test("the newest checkpoint comes back, every bit and number of it")
  func roundTrip() throws {
    #expect(try store.latest(note: { Issue.record("\($0)") }) == nil)
    try save(step: 9)
    let path = try save(step: 1234)
    #expect(path == "\(directory.path)/checkpoints/step-00001234")
    let latest = try store.latest(note: { Issue.record("\($0)") })
    #expect(latest?.path == path)
    #expect(latest?.model == model(1234))
    #expect(latest?.optimizer == model(-1234))
    #expect(latest?.state.step == 1234)
    #expect(latest?.state.seed == .max)
    #expect(latest?.state.sha256.count == 2)
  }

  @Test("two saves of the same state are equal byte for byte")
  func determinism() throws {
    try save(step: 5)
    let other = try TemporaryDirectory()
    let run = try RunDirectory(creating: other.path, start: .fresh)
    try save(step: 5, in: CheckpointStore(directory: run))
    for file in ["model.safetensors", "optimizer.safetensors", "state.json"] {
      let name = "checkpoints/step-00000005/\(file)"
      #expect(try directory.bytes(name) == other.bytes(name), "\(file)")
    }
  }

  @Test("an interrupted save is ignored, with a note, and replaced by the next one")
  func interrupted() throws {
    try save(step: 1)
    let partial = "checkpoints/.step-00000002.partial"
    try FileManager.default.createDirectory(
      atPath: "\(directory.path)/\(partial)", withIntermediateDirectories: false)
    try directory.write([1, 2, 3], to: "\(partial)/model.safetensors")
    var notes: [String] = []
    #expect(try store.latest(note: { notes.append($0) })?.state.step == 1)
    #expect(
      notes == ["\(directory.path)/\(partial): left by an interrupted save or removal, ignored"])
    try save(step: 2)
    #expect(try store.latest(note: { Issue.record("\($0)") })?.state.step == 2)
  }

  @Test("the newest n are kept, never fewer than one, and remains are swept")
  func retention() throws {
    for step in [100, 20, 3, 100_000_000] { try save(step: step) }
    #expect(try store.steps() == [3, 20, 100, 100_000_000])
    try store.keepNewest(9)
    #expect(try store.steps().count == 4)
    try FileManager.default.createDirectory(
      atPath: "\(store.path)/.step-00000007.partial", withIntermediateDirectories: false)
    try store.keepNewest(2)
    #expect(try store.steps() == [100, 100_000_000])
    try store.keepNewest(1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.path) == ["step-100000000"])
  }

  @Test(
    "one flipped bit is found by the digest",
    arguments: ["model.safetensors", "optimizer.safetensors"])
  func flippedBit(_ file: String) throws {
    let path = try save(step: 7)
    var bytes = try directory.bytes("checkpoints/step-00000007/\(file)")
    bytes[bytes.count - 1] ^= 1
    try directory.write(bytes, to: "checkpoints/step-00000007/\(file)")
    let message = message { try store.latest(note: { _ in }) }
    #expect(message.hasPrefix("\(path)/\(file): sha256 is "))
    #expect(message.contains(", but state.json says "))
  }

  @Test(
    "a state that is not ours is refused by name",
    arguments: [
      ("{", "not JSON"),
      (#"{"formatVersion":1}"#, "no \"epoch\""),
      (#"{"formatVersion":"1"}"#, "\"formatVersion\" is not of type Int"),
      (stateText(version: 2), "formatVersion is 2, expected 1"),
      (stateText(version: 1), "no sha256 of model.safetensors"),
    ])
  func badState(_ json: String, _ reason: String) throws {
    let path = try save(step: 7)
    try directory.write(Array(json.utf8), to: "checkpoints/step-00000007/state.json")
    #expect(message { try store.latest(note: { _ in }) } == "\(path)/state.json: \(reason)")
  }

  @Test("a checkpoint under another step's name is refused")
  func wrongStep() throws {
    let path = try save(step: 7)
    try FileManager.default.moveItem(atPath: path, toPath: "\(store.path)/step-00000008")
    #expect(
      message { try store.latest(note: { _ in }) }
        == "\(store.path)/step-00000008/state.json: step is 7, but the directory says 8")
  }

  @Test("a missing file is named with the system's reason")
  func missingFile() throws {
    let path = try save(step: 7)
    try FileManager.default.removeItem(atPath: "\(path)/optimizer.safetensors")
    #expect(
      message { try store.latest(note: { _ in }) }
        == "cannot open \(path)/optimizer.safetensors: No such file or directory")
  }

  @Test("a step saved again is kept if equal, and refused if not")
  func again() throws {
    let path = try save(step: 7)
    #expect(try save(step: 7) == path)
    let message = message {
      try store.save(
        state(step: 7), model: SafetensorsStream(model(8)), optimizer: SafetensorsStream(model(-7)))
      return nil
    }
    #expect(
      message == "\(path) exists, with another model.safetensors; remove it, or resume from it")
  }

  @discardableResult
  private func save(step: Int, in other: CheckpointStore? = nil) throws -> String {
    try (other ?? store).save(
      state(step: step), model: SafetensorsStream(model(step)),
      optimizer: SafetensorsStream(model(-step)))
  }

  private func state(step: Int) -> TrainingState {
    TrainingState(epoch: 3, step: step, stepInEpoch: 2, seed: .max, rankCount: 4)
  }

  private func model(_ value: Int) -> SafetensorsFile {
    SafetensorsFile(tensors: ["w": StoredTensor([Float(value), 0.1], shape: [2])])
  }

  private func message(_ body: () throws -> Checkpoint?) -> String {
    do {
      _ = try body()
      return "no error"
    } catch { return "\(error)" }
  }
}

/// A `state.json` without digests.
private func stateText(version: Int) -> String {
  """
  {"formatVersion":\(version),"epoch":0,"step":7,"stepInEpoch":0,
  "epochSums":{"samples":0,"correct":0,"loss":0},"seed":1,"rankCount":1,"sha256":{}}
  """
}
