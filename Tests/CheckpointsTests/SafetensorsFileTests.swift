import Checkpoints
import TestFiles
import Testing

/// A file as any writer may make it: a header, unchecked, and the data.
func safetensorsBytes(_ header: String, data: [UInt8] = []) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
    + data
}

@Suite struct SafetensorsFileTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test("a round trip keeps every bit, also of infinities, negative zero and NaN payloads")
  func roundTrip() throws {
    let patterns: [UInt32] = [
      0, 0x8000_0000, 1, 0x7F80_0000, 0x7FC0_1234, 0xFFFF_FFFF, 0x3F80_0001,
    ]
    let floats = patterns.map { Float(bitPattern: $0) }
    let file = SafetensorsFile(
      tensors: [
        "layer.weight": StoredTensor(floats, shape: [7, 1]),
        "steps": StoredTensor([Int64.min, -1, .max], shape: [3]),
        "scalar": StoredTensor([Double.pi], shape: []),
        "nothing": StoredTensor([Float](), shape: [2, 0]),
      ],
      metadata: ["format": "pt", "quote\"d": "a\nb\u{1}é"])
    try file.write(to: "\(directory.path)/a")
    let read = try SafetensorsFile.read("\(directory.path)/a")
    #expect(read == file)
    #expect(try read.tensors["layer.weight"]?.floats().map(\.bitPattern) == patterns)
    #expect(try read.tensors["steps"]?.integers() == [.min, -1, .max])
    #expect(try read.tensors["scalar"]?.doubles() == [.pi])
    #expect(read.tensors["nothing"]?.shape == [2, 0])
  }

  @Test("the bytes depend on the contents only, and start the data at a multiple of 8")
  func determinism() {
    var names = (0..<40).map { "tensor\($0)" }
    let first = names.reduce(into: SafetensorsFile()) {
      $0.tensors[$1] = StoredTensor([Float(1)], shape: [1])
    }
    names.reverse()
    var second = SafetensorsFile(metadata: ["a": "1"])
    for name in names { second.tensors[name] = StoredTensor([Float(1)], shape: [1]) }
    second.metadata = [:]
    #expect(first.encoded() == second.encoded())
    #expect((first.encoded().count - 40 * 4) % 8 == 0)
  }

  @Test("a file of the reference writer is read, and written again byte for byte")
  func referenceWriter() throws {
    // Written by safetensors.numpy.save of safetensors for Python, with tensors of ten types and metadata {"format": "pt"}.
    let bytes = ReferenceFile.bytes
    let file = try SafetensorsFile(bytes: bytes, path: "reference")
    #expect(
      file.names == ["i64", "f64", "a.f32", "b.f32", "i32", "f16", "i16", "i8", "u8", "bool"])
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.tensors["a.f32"]?.floats() == [0, 0.5, 1, 1.5, 2, 2.5])
    #expect(file.tensors["a.f32"]?.shape == [2, 3])
    #expect(try file.tensors["f16"]?.floats() == [0.5, -2, 65504])
    #expect(try file.tensors["f64"]?.floats() == [0.1])
    #expect(try file.tensors["i8"]?.integers() == [-1, 1])
    #expect(try file.tensors["i16"]?.integers() == [-300])
    #expect(try file.tensors["u8"]?.integers() == [255])
    #expect(file.encoded() == bytes)
  }

  @Test("BF16 is the upper half of F32")
  func brainFloat() throws {
    let tensor = StoredTensor(
      elementType: .brainFloat16, shape: [2], bytes: [0x80, 0x3F, 0x20, 0xC1])
    #expect(try tensor.floats() == [1, -10])
  }

  @Test("integers are not taken as floats, nor floats as integers")
  func wrongKind() {
    let integers = StoredTensor([Int64(1)], shape: [1])
    #expect(throws: ElementTypeError(found: .signed64, expected: "F32, F64, F16 or BF16")) {
      try integers.doubles()
    }
    #expect(throws: ElementTypeError(found: .float32, expected: "I64, I32, I16, I8 or U8")) {
      try StoredTensor([Float(1)], shape: [1]).integers()
    }
    let file = SafetensorsFile(tensors: ["steps": integers])
    #expect(
      throws: SafetensorsError.wrongElementType(
        path: "a", tensor: "steps", found: .signed64, expected: "F32, F64, F16 or BF16")
    ) { try StateDictionary(file, path: "a") }
  }

  @Test("a state dictionary leaves out what it is told to ignore, integers too")
  func ignored() throws {
    let file = SafetensorsFile(tensors: [
      "0.bn.num_batches_tracked": StoredTensor([Int64(1)], shape: []),
      "0.bn.running_mean": StoredTensor([Float(2)], shape: [1]),
    ])
    let state = try StateDictionary(file, path: "a", ignoring: [".num_batches_tracked"])
    #expect(state.names == ["0.bn.running_mean"])
  }

  @Test("a state dictionary survives a file")
  func stateDictionary() throws {
    var state = StateDictionary()
    state.append("a", shape: [2, 2], values: [1, 2, 3, 4])
    state.append("log_beta", shape: [], values: [1.6])
    let file = SafetensorsFile(tensors: [
      "log_beta": StoredTensor([Float(1.6)], shape: []),
      "a": StoredTensor([Float(1), 2, 3, 4], shape: [2, 2]),
    ])
    let read = try SafetensorsFile(bytes: file.encoded(), path: "f")
    #expect(try StateDictionary(read, path: "f") == state)
    #expect(state["a"]?.values == [1, 2, 3, 4])
    #expect(state["b"] == nil)
  }

  @Test("a missing file and a directory are named with the system's reason")
  func unreadable() {
    let path = directory.path
    #expect(
      Self.message { try SafetensorsFile.read("\(path)/no") }
        == "cannot open \(path)/no: No such file or directory")
    #expect(
      Self.message { try SafetensorsFile.read(path) } == "cannot read \(path): Is a directory")
  }

  static func message(_ body: () throws -> SafetensorsFile) -> String {
    do {
      _ = try body()
      return "no error"
    } catch { return "\(error)" }
  }
}
