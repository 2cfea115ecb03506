/// Reads the JSON of a safetensors header: strings, unsigned integers and the marks between them.
///
/// The scanner is stricter than a general parser: it refuses duplicate keys, signs, fractions and
/// unknown keys. It reads only the one shape that a header may have, so it needs no recursion.
struct SafetensorsScanner {
  private let bytes: ArraySlice<UInt8>
  private let path: String
  private var position: Int

  /// Escapes of JSON that consist of one letter.
  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
  ]

  /// Creates a scanner of `bytes`, which must be valid UTF-8 and whose indices are offsets in the
  /// file.
  init(_ bytes: ArraySlice<UInt8>, path: String) {
    self.bytes = bytes
    self.path = path
    self.position = bytes.startIndex
  }

  /// Calls `entry` with each key of an object, with the scanner positioned at the key's value.
  mutating func object(
    _ entry: (inout SafetensorsScanner, String) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try take("{", expected: "{")
    var seen: Set<String> = []
    if takeIfNext("}") { return }
    repeat {
      skipSpace()
      let start = position
      let key = try string()
      guard seen.insert(key).inserted else {
        throw .duplicateKey(path: path, offset: start, key: key)
      }
      try take(":", expected: ":")
      try entry(&self, key)
    } while takeIfNext(",")
    try take("}", expected: ", or }")
  }

  mutating func integers() throws(SafetensorsError) -> [Int] {
    try take("[", expected: "[")
    var values: [Int] = []
    if takeIfNext("]") { return values }
    repeat { values.append(try integer()) } while takeIfNext(",")
    try take("]", expected: ", or ]")
    return values
  }

  mutating func string() throws(SafetensorsError) -> String {
    try take("\"", expected: "a string")
    var text: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw failure("no control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        text.append(contentsOf: String(try escapedScalar()).utf8)
      } else {
        text.append(byte)
      }
    }
    try take("\"", expected: "\" at the end of a string")
    return String(decoding: text, as: UTF8.self)
  }

  /// Checks that only spaces follow the header's object.
  mutating func end() throws(SafetensorsError) {
    while next == UInt8(ascii: " ") { position += 1 }
    guard next == nil else { throw failure("only spaces after the header's }") }
  }

  func failure(_ expected: String) -> SafetensorsError {
    let found =
      switch next {
      case nil: "the end of the header"
      case .some(let byte) where byte < 0x20: "byte \(byte)"
      case .some: "'\(String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1))'"
      }
    return .syntax(path: path, offset: position, found: found, expected: expected)
  }

  private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      position += 1
    }
  }

  private mutating func take(
    _ mark: Unicode.Scalar, expected: String
  ) throws(SafetensorsError) {
    skipSpace()
    guard next == UInt8(ascii: mark) else { throw failure(expected) }
    position += 1
  }

  private mutating func takeIfNext(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  private mutating func integer() throws(SafetensorsError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let byte = next, (0x30...0x39).contains(byte) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow && !carry else {
        position = start
        throw failure("an integer below 2^63")
      }
      value = sum
      position += 1
    }
    let count = position - start
    guard count == 1 || (count > 1 && bytes[start] != 0x30) else {
      position = start
      throw failure("a non-negative integer")
    }
    return value
  }

  /// Reads the character after a backslash; two \u escapes may form one character.
  private mutating func escapedScalar() throws(SafetensorsError) -> Unicode.Scalar {
    guard let byte = next else { throw failure("an escape") }
    let scalar = Unicode.Scalar(byte)
    if let control = Self.escapes[scalar] {
      position += 1
      return control
    }
    let start = position
    var unit = try hexadecimalUnit()
    if (0xD800..<0xDC00).contains(unit), next == UInt8(ascii: "\\") {
      position += 1
      let low = try hexadecimalUnit()
      if (0xDC00..<0xE000).contains(low) {
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
    }
    guard let result = Unicode.Scalar(unit) else {
      position = start
      throw failure("a character, not half of a surrogate pair")
    }
    return result
  }

  private mutating func hexadecimalUnit() throws(SafetensorsError) -> UInt32 {
    let digits = bytes[position...].dropFirst().prefix(4)
    guard next == UInt8(ascii: "u"), digits.count == 4,
      digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("an escape of JSON") }
    position += 5
    return unit
  }
}
