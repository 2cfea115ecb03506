import Checkpoints
import TestFiles
import Testing

@Suite struct SafetensorsStreamTests {
  /// 1.2 million floats, in rows of 3,000.
  private static let shape = [400, 3000]

  private func value(_ index: Int) -> Float { Float(index % 7919) - 0.5 }

  private func deferred(
    _ asked: @escaping (Range<Int>) -> Void = { _ in }
  ) -> [DeferredTensor] {
    [
      DeferredTensor("w", shape: Self.shape, rows: Self.shape[0]) { rows in
        asked(rows)
        return (rows.lowerBound * 3000..<rows.upperBound * 3000).map(value)
      },
      DeferredTensor("b.scalar", shape: [], rows: 1) { rows in rows.map { _ in 2.5 } },
    ]
  }

  @Test("tensors that are made in parts give the bytes of the file that holds them")
  func bytes() throws {
    let file = SafetensorsFile(
      tensors: [
        "w": StoredTensor((0..<1_200_000).map(value), shape: Self.shape),
        "b.scalar": StoredTensor([Float(2.5)], shape: []),
      ], metadata: ["format": "pt"])
    let stream = SafetensorsStream(deferred(), metadata: ["format": "pt"])
    #expect(stream.sha256() == SafetensorsStream(file).sha256())
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(
      directory: try RunDirectory(creating: directory.path, start: .fresh))
    let state = TrainingState(epoch: 0, step: 1, stepInEpoch: 1, seed: 1, rankCount: 1)
    try store.save(state, model: stream, optimizer: stream)
    #expect(
      try directory.bytes("checkpoints/step-00000001/model.safetensors") == file.encoded())
    let read = try #require(try store.latest(note: { _ in }))
    #expect(read.model == file)
    let sums = try directory.text("checkpoints/step-00000001/SHA256SUMS")
    #expect(sums.contains("\(stream.sha256())  model.safetensors\n"))
  }

  @Test("no more than a megabyte of a tensor is made at a time")
  func parts() {
    var parts: [Range<Int>] = []
    _ = SafetensorsStream(deferred { parts.append($0) }).sha256()
    #expect(parts.allSatisfy { $0.count * 3000 * 4 <= 1 << 20 })
    #expect(parts.count == 5 && parts.first?.lowerBound == 0 && parts.last?.upperBound == 400)
  }

  @Test("the tensors of a file are loaded one at a time, and only floats are")
  func fileState() throws {
    let file = try SafetensorsFile(
      bytes: SafetensorsFile(tensors: [
        "a": StoredTensor([Double(1), 2], shape: [2]),
        "a.count": StoredTensor([Int64(3)], shape: []),
      ]).encoded(), path: "f")
    let state = try FileState(file, path: "f", ignoring: [".count"])
    #expect(state.names == ["a"] && state.shape(of: "a") == [2] && state.values(of: "a") == [1, 2])
    #expect(state.shape(of: "a.count") == nil && state.values(of: "a.count") == nil)
    #expect(
      throws: SafetensorsError.wrongElementType(
        path: "f", tensor: "a.count", found: .signed64, expected: "F32, F64, F16 or BF16")
    ) { try FileState(file, path: "f") }
  }
}
