import Checkpoints
import Digests
import TestFiles
import Testing

/// Damaged files are read as what they still are, or refused; a trap or a hang fails the run.
@Suite struct CheckpointFuzzTests {
  private static let file = SafetensorsFile(
    tensors: [
      "a.weight": StoredTensor([Float(1), 2, 3, 4], shape: [2, 2]),
      "b": StoredTensor([Int64(7)], shape: []),
    ], metadata: ["format": "pt", "recipe": "{\"seed\": 1}"])

  @Test("safetensors")
  func safetensors() throws {
    var refused = 0
    for bytes in DamagedInputs(of: [Self.file.encoded()]) {
      do throws(SafetensorsError) {
        let file = try SafetensorsFile(bytes: bytes, path: "file")
        for name in file.names { _ = try? file.tensors[name]?.floats() }
      } catch {
        refused += 1
        #expect(!error.description.isEmpty)
      }
    }
    #expect(refused > 0)
  }

  @Test("state.json with a digest that fits, and SHA256SUMS")
  func manifest() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(
      directory: try RunDirectory(creating: directory.path, start: .fresh))
    let stream = SafetensorsStream(Self.file)
    let path = try store.save(
      TrainingState(epoch: 3, step: 7, stepInEpoch: 1, seed: 1, rankCount: 2),
      model: stream, optimizer: stream)
    let name = "checkpoints/step-00000007"
    let state = try directory.bytes("\(name)/state.json")
    let sums = try directory.text("\(name)/SHA256SUMS")
    let digest = state.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    // Counters that no run has: negative, and as large as a number can be.
    let text = String(decoding: state, as: UTF8.self)
    let counters = ["-1", "9223372036854775807"].map { number in
      Array(text.replacing(/("(?:epoch|step|stepInEpoch)" ?: ?)\d+/) { "\($0.1)\(number)" }.utf8)
    }
    for bytes in DamagedInputs(of: [state] + counters) {
      try directory.write(bytes, to: "\(name)/state.json")
      let found = bytes.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
      try directory.write(
        sums.replacing(digest, with: found).utf8, to: "\(name)/SHA256SUMS")
      if let checkpoint = try? Checkpoint(path: path) {
        try? checkpoint.state.check(stepsPerEpoch: 2, path: path)
      }
    }
    try directory.write(state, to: "\(name)/state.json")
    for bytes in DamagedInputs(of: [Array(sums.utf8)]) where bytes != Array(sums.utf8) {
      try directory.write(bytes, to: "\(name)/SHA256SUMS")
      #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
    }
  }
}
