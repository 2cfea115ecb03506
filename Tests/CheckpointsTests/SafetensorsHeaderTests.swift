import Checkpoints
import TestFiles
import Testing

/// A file that lies, and what the reader says to it.
struct Lie: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let bytes: [UInt8]
  let message: String

  init(_ name: String, _ header: String, data: Int = 0, says message: String) {
    self.init(
      name, bytes: safetensorsBytes(header, data: .init(repeating: 0, count: data)), says: message)
  }

  init(_ name: String, bytes: [UInt8], says message: String) {
    testDescription = name
    self.bytes = bytes
    self.message = message
  }

  private static let float = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#
  private static let length8 = [UInt8](repeating: 0, count: 7)

  static let framing: [Lie] = [
    Lie("no bytes", bytes: [], says: "F: 0 bytes, expected at least 8"),
    Lie("seven bytes", bytes: length8, says: "F: 7 bytes, expected at least 8"),
    Lie(
      "header of 2^64 - 1", bytes: .init(repeating: 0xFF, count: 16),
      says: "F: header of 18446744073709551615 bytes, expected at most 100000000"),
    Lie(
      "header beyond the file", bytes: [3] + length8 + Array("{}".utf8),
      says: "F: header of 3 bytes, expected at most 2 in a file of 10"),
    Lie(
      "not UTF-8", bytes: [3] + length8 + [0x7B, 0xFF, 0x7D], says: "F: the header is not UTF-8"),
    Lie("empty header", "", says: "F: byte 8: found the end of the header, expected {"),
  ]

  static let syntax: [Lie] = [
    Lie("an array", "[]", says: "F: byte 8: found '[', expected {"),
    Lie("space before", " {}", says: "F: byte 8: found ' ', expected {"),
    Lie("cut", #"{"a""#, says: "F: byte 12: found the end of the header, expected :"),
    Lie(
      "cut string", #"{"a"#,
      says: "F: byte 11: found the end of the header, expected \" at the end of a string"),
    Lie(
      "text after", "{} x", says: "F: byte 11: found 'x', expected only spaces after the header's }"
    ),
    Lie(
      "trailing comma", "{\"a\":{\(float)},}", data: 4,
      says: "F: byte 62: found '}', expected a string"),
    Lie(
      "duplicate tensor", "{\"a\":{\(float)},\"a\":{\(float)}}", data: 4,
      says: "F: byte 62: key \"a\" a second time, expected once"),
    Lie(
      "escaped duplicate", "{\"a\":{\(float)},\"\\u0061\":{\(float)}}", data: 4,
      says: "F: byte 62: key \"a\" a second time, expected once"),
    Lie(
      "duplicate field", "{\"a\":{\(float),\"dtype\":\"F32\"}}", data: 4,
      says: "F: byte 61: key \"dtype\" a second time, expected once"),
    Lie(
      "number in metadata", #"{"__metadata__":{"a":1}}"#,
      says: "F: byte 29: found '1', expected a string"),
    Lie(
      "half a pair", #"{"\ud800":{}}"#,
      says: #"F: byte 11: found 'u', expected a character, not half of a surrogate pair"#),
    Lie("unknown escape", #"{"\x":{}}"#, says: "F: byte 11: found 'x', expected an escape of JSON"),
    Lie(
      "raw newline", "{\"a\nb\":{}}",
      says: "F: byte 11: found byte 10, expected no control character in a string"),
  ]

  static let tensors: [Lie] = [
    Lie(
      "unknown field", "{\"a\":{\(float),\"strides\":[1]}}", data: 4,
      says: "F: byte 71: found '[', expected dtype, shape or data_offsets, not \"strides\""),
    Lie(
      "no shape", #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4,
      says: "F: a: no \"shape\", expected dtype, shape and data_offsets"),
    Lie(
      "unknown type", #"{"a":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}"#, data: 4,
      says:
        "F: a: found dtype \"F31\", expected one of BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64"
    ),
    Lie(
      "negative dimension", #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: 4,
      says: "F: byte 37: found '-', expected a non-negative integer"),
    Lie(
      "fraction", #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, data: 4,
      says: "F: byte 38: found '.', expected , or ]"),
    Lie(
      "leading zero", #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, data: 4,
      says: "F: byte 37: found '0', expected a non-negative integer"),
    Lie(
      "dimension of 2^63",
      #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, data: 4,
      says: "F: byte 37: found '9', expected an integer below 2^63"),
    Lie(
      "overflowing product",
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
      says: "F: a: shape [4294967296, 4294967296] has more bytes than can be counted"),
    Lie(
      "three offsets", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, data: 8,
      says: "F: byte 62: found '}', expected two data_offsets"),
    Lie(
      "reversed", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: 4,
      says: "F: a: data begins at 4, expected at most its end 0"),
    Lie(
      "too few bytes", #"{"a":{"dtype":"F64","shape":[2,3],"data_offsets":[0,4]}}"#, data: 4,
      says: "F: a: found 4 bytes, expected 48 for F64 [2, 3]"),
    Lie(
      "outside the data", "{\"a\":{\(float)}}", data: 3,
      says: "F: a: data ends at 4, expected at most 3"),
    Lie("trailing bytes", "{\"a\":{\(float)}}", data: 5, says: "F: 5 bytes of data, expected 4"),
    Lie(
      "overlap",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      data: 8, says: "F: b: data begins at 4, inside its predecessor, expected 8"),
    Lie(
      "hole", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: 8,
      says: "F: a: data begins at 4, after a hole, expected 0"),
  ]
}

@Suite struct SafetensorsHeaderTests {
  @Test(
    "a lie is refused with what was found and expected",
    arguments: Lie.framing + Lie.syntax + Lie.tensors)
  func lie(_ lie: Lie) {
    #expect(
      SafetensorsFileTests.message { try SafetensorsFile(bytes: lie.bytes, path: "F") }
        == lie.message)
  }

  @Test("a lie about the length is refused before the file is read")
  func lengthFirst() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Array(repeating: 0xFF, count: 16), to: "f")
    #expect(
      SafetensorsFileTests.message { try SafetensorsFile.read("\(directory.path)/f") }
        .hasSuffix("header of 18446744073709551615 bytes, expected at most 100000000"))
  }

  @Test("white space, trailing spaces, escapes and any order of fields are read")
  func liberties() throws {
    let header = """
      {"\\u00e9\\ud83d\\ude00\\/" : {"data_offsets": [0, 4],
        "shape": [ ], "dtype": "F32"}, "empty": {"dtype":"F32","shape":[0],"data_offsets":[0,0]}}
      """ + "    "
    let file = try SafetensorsFile(
      bytes: safetensorsBytes(header, data: [0, 0, 0x80, 0x3F]), path: "F")
    #expect(try file.tensors["é😀/"]?.floats() == [1])
    #expect(file.tensors["empty"]?.shape == [0])
  }

  @Test("no byte of a header can be changed so that the reader traps")
  func mutations() throws {
    let file = SafetensorsFile(
      tensors: [
        "a": StoredTensor([Float(1), 2], shape: [2]), "b": StoredTensor([Int64(3)], shape: []),
      ],
      metadata: ["k": "v"])
    let bytes = file.encoded()
    var refused = 0
    for index in bytes.indices.dropLast(16) {
      for byte in [0, 1, 8, 0x22, 0x2D, 0x30, 0x39, 0x5C, 0x7D, 0xFF] as [UInt8] {
        var changed = bytes
        changed[index] = byte
        do { _ = try SafetensorsFile(bytes: changed, path: "F") } catch { refused += 1 }
      }
      #expect(throws: SafetensorsError.self) {
        try SafetensorsFile(bytes: Array(bytes[..<index]), path: "F")
      }
    }
    #expect(refused > bytes.count)
  }
}
