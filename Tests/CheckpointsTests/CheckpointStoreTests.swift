import Checkpoints
import Digests
import Foundation
import TestFiles
import Testing

@Suite struct CheckpointStoreTests {
  private static let files = [
    "model.safetensors", "optimizer.safetensors", "state.json", "SHA256SUMS",
  ]

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
  }

  @Test("two saves of the same state are equal byte for byte")
  func determinism() throws {
    try save(step: 5)
    let other = try TemporaryDirectory()
    let run = try RunDirectory(creating: other.path, start: .fresh)
    try save(step: 5, in: CheckpointStore(directory: run))
    for file in Self.files {
      let name = "checkpoints/step-00000005/\(file)"
      #expect(try directory.bytes(name) == other.bytes(name), "\(file)")
    }
  }

  @Test("where a link stands for what a save has left, the link goes and its files stay")
  func plantedLink() throws {
    try save(step: 1)
    try directory.write([1, 2, 3], to: "mine/thesis")
    for target in ["mine", "nowhere"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(store.path)/.step-00000002.partial",
        withDestinationPath: "\(directory.path)/\(target)")
      try save(step: 2)
      #expect(try directory.bytes("mine/thesis") == [1, 2, 3])
      #expect(try store.remains().isEmpty)
      try store.prune(CheckpointStore.Retention(newest: 2))
      try directory.remove("checkpoints/step-00000002")
    }
  }

  @Test("the best by test accuracy, and those of every so many epochs, are kept beside the newest")
  func bestAndEvery() throws {
    for (step, epoch, accuracy) in [
      (0, 0, nil), (10, 1, 0.5), (20, 2, 0.75), (30, 3, 0.75), (35, 3, nil), (40, 4, 0.25),
      (50, 5, 0.5),
    ] as [(Int, Int, Double?)] {
      let state = TrainingState(
        epoch: epoch, step: step, stepInEpoch: step % 10, seed: 1, rankCount: 1,
        testAccuracy: accuracy)
      try store.save(
        state, model: SafetensorsStream(model(step)), optimizer: SafetensorsStream(model(step)))
    }
    #expect(try store.stepsByAccuracy() == [20, 30, 10, 50, 40])
    let kept = CheckpointStore.Retention(newest: 2, best: 1, everyEpochs: 3)
    #expect(try store.surplus(kept) == [0, 10, 35])
    #expect(try store.prune(kept) == [0, 10, 35])
    #expect(try store.steps() == [20, 30, 40, 50])
  }

  @Test("a checkpoint that cannot be used is left out with its reason, and kept aside")
  func fallBack() throws {
    for step in [1, 2, 3] { try save(step: step) }
    try directory.remove("checkpoints/step-00000002/SHA256SUMS")
    try directory.write([], to: "checkpoints/step-00000003/model.safetensors")
    var notes: [String] = []
    #expect(try store.latest(note: { notes.append($0) })?.state.step == 1)
    #expect(
      notes.map { $0.prefix(26) } == [
        "step-00000003 is left out:", "step-00000002 is left out:",
      ])
    #expect(notes[0].contains("model.safetensors: SHA-256 is "))
    try store.setAside(after: 1, note: { _ in })
    try save(step: 3)
    try directory.write([], to: "checkpoints/step-00000003/state.json")
    try store.setAside(after: 1, note: { _ in })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: store.path).sorted() == [
        "step-00000001", "step-00000002.damaged", "step-00000003.damaged",
        "step-00000003.damaged-2",
      ])
    try directory.remove("checkpoints/step-00000001/state.json")
    #expect(message { try store.latest(note: { _ in }) }.contains("no checkpoint can be used"))
  }

  @Test("an interrupted save is ignored, and replaced by the next one")
  func interrupted() throws {
    try save(step: 1)
    let partial = "checkpoints/.step-00000002.partial"
    try FileManager.default.createDirectory(
      atPath: "\(directory.path)/\(partial)", withIntermediateDirectories: false)
    try directory.write([1, 2, 3], to: "\(partial)/model.safetensors")
    #expect(try store.latest(note: { Issue.record("\($0)") })?.state.step == 1)
    #expect(try store.remains() == ["\(directory.path)/\(partial)"])
    try save(step: 2)
    #expect(try store.latest(note: { Issue.record("\($0)") })?.state.step == 2)
  }

  @Test("the newest n are kept, never fewer than one, and remains are swept")
  func retention() throws {
    for step in [100, 20, 3, 100_000_000] { try save(step: step) }
    #expect(try store.steps() == [3, 20, 100, 100_000_000])
    try store.prune(.init(newest: 9))
    #expect(try store.steps().count == 4)
    try FileManager.default.createDirectory(
      atPath: "\(store.path)/.step-00000007.partial", withIntermediateDirectories: false)
    try store.prune(.init(newest: 2))
    #expect(try store.steps() == [100, 100_000_000])
    try store.prune(.init(newest: 1))
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.path) == ["step-100000000"])
  }

  @Test("a flipped bit of any byte, and every truncation, of every file is found", arguments: files)
  func damage(_ file: String) throws {
    let path = try save(step: 7)
    let whole = try directory.bytes("checkpoints/step-00000007/\(file)")
    func expectRefused(_ bytes: [UInt8], _ what: String) throws {
      try directory.write(bytes, to: "checkpoints/step-00000007/\(file)")
      let message = message { try Checkpoint(path: path) }
      #expect(message.hasPrefix("\(path)/"), "\(what) of \(file): \(message)")
    }
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 1 << (index % 8)
      try expectRefused(bytes, "bit \(index % 8) of byte \(index)")
    }
    for count in 0..<whole.count { try expectRefused(Array(whole.prefix(count)), "\(count) bytes") }
  }

  @Test("a model in a checkpoint is checked against its digest, another one is not")
  func modelAlone() throws {
    let path = try save(step: 7)
    let file = "\(path)/model.safetensors"
    #expect(try Checkpoint.model(at: file).file == model(7))
    #expect(try Checkpoint.model(at: file).origin.step == 7)
    let other = Array(model(8).encoded())
    try directory.write(other, to: "checkpoints/step-00000007/model.safetensors")
    #expect(throws: CheckpointError.self) { try Checkpoint.model(at: file) }
    let elsewhere = try directory.write(other, to: "model.safetensors")
    #expect(try Checkpoint.model(at: elsewhere).file == model(8))
    #expect(try Checkpoint.model(at: elsewhere).origin.step == nil)
  }

  @Test("a checkpoint of the first version, whose digests are in its state, is read")
  func firstVersion() throws {
    let path = try save(step: 7)
    let sums = try directory.text("checkpoints/step-00000007/SHA256SUMS").split(separator: "\n")
    let digests = sums.filter { !$0.hasSuffix("state.json") }.map {
      "\"\($0.dropFirst(66))\":\"\($0.prefix(64))\""
    }
    try directory.remove("checkpoints/step-00000007/SHA256SUMS")
    let members = "},\"sha256\":{\(digests.joined(separator: ","))}}"
    let state = stateText().replacing("}}", with: members)
    try directory.write(Array(state.utf8), to: "checkpoints/step-00000007/state.json")
    #expect(try Checkpoint(path: path).model == model(7))
    try directory.write(
      model(8).encoded(), to: "checkpoints/step-00000007/model.safetensors")
    #expect(message { try Checkpoint(path: path) }.contains("SHA-256 is "))
  }

  @Test(
    "a state that is not ours is refused by name",
    arguments: [
      ("{", "not JSON"),
      (#"{"formatVersion":1}"#, "no \"epoch\""),
      (#"{"formatVersion":"1"}"#, "\"formatVersion\" is not of type Int"),
      (stateText(version: 3), "formatVersion is 3, expected 2"),
      (stateText(epoch: -1), "epoch is -1, expected 0 to 1000000000"),
      (stateText(step: .max), "step is 9223372036854775807, expected 0 to 1000000000"),
      (stateText(step: 1), "stepInEpoch is 2, expected at most step 1"),
      (stateText(correct: 5), "epochSums.correct is 5, expected at most 4"),
    ])
  func badState(_ json: String, _ reason: String) throws {
    let path = try save(step: 7)
    try directory.write(Array(json.utf8), to: "checkpoints/step-00000007/state.json")
    let digest = Array(json.utf8).withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    let sums = try directory.text("checkpoints/step-00000007/SHA256SUMS").split(separator: "\n")
      .map { $0.hasSuffix("state.json") ? "\(digest)  state.json" : "\($0)" }
    try directory.write(
      Array(sums.map { "\($0)\n" }.joined().utf8), to: "checkpoints/step-00000007/SHA256SUMS")
    #expect(message { try Checkpoint(path: path) } == "\(path)/state.json: \(reason)")
  }

  @Test("a checkpoint under another step's name is refused")
  func wrongStep() throws {
    let path = try save(step: 7)
    try FileManager.default.moveItem(atPath: path, toPath: "\(store.path)/step-00000008")
    #expect(
      message { try store.checkpoint(step: 8) }
        == "\(store.path)/step-00000008/state.json: step is 7, but the directory says 8")
  }

  @Test("a missing file is named with the system's reason")
  func missingFile() throws {
    let path = try save(step: 7)
    try FileManager.default.removeItem(atPath: "\(path)/optimizer.safetensors")
    #expect(
      message { try Checkpoint(path: path) }
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
    TrainingState(epoch: 3, step: step, stepInEpoch: min(2, step), seed: .max, rankCount: 4)
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
private func stateText(
  version: Int = 1, epoch: Int = 3, step: Int = 7, correct: Int = 4
) -> String {
  """
  {"formatVersion":\(version),"epoch":\(epoch),"step":\(step),"stepInEpoch":2,"seed":1,
  "rankCount":1,"epochSums":{"samples":4,"correct":\(correct),"loss":0}}
  """
}
