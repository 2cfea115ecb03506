import Failures

/// Header of a safetensors file: an 8-byte length, then JSON with the name, shape and range of each
/// tensor.
///
/// The header is checked against the file: tensors must cover the data exactly, without holes or
/// overlaps.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    /// Range of bytes, counted from the start of the data.
    let range: Range<Int>
  }

  private(set) var metadata: [String: String] = [:]
  /// Entries in the order of their data.
  private(set) var entries: [Entry] = []
  /// Offset in the file of the first byte of data.
  let dataStart: Int

  /// Largest header that the format allows, in bytes.
  static let limit = 100_000_000

  /// Length of the header, read from the first 8 bytes of a file of `fileBytes` bytes.
  static func headerBytes(
    _ start: [UInt8], fileBytes: Int, path: String
  ) throws(SafetensorsError) -> Int {
    guard start.count >= 8 else { throw .truncated(path: path, found: start.count, expected: 8) }
    let length = UInt64(littleEndian: start.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    guard length <= UInt64(limit) else {
      throw .headerTooLong(path: path, found: length, limit: limit)
    }
    guard length <= UInt64(fileBytes - 8) else {
      throw .headerBeyondFile(path: path, found: length, fileBytes: fileBytes)
    }
    return Int(length)
  }

  init(_ bytes: [UInt8], path: String) throws(SafetensorsError) {
    dataStart = 8 + (try Self.headerBytes(bytes, fileBytes: bytes.count, path: path))
    let text = bytes[8..<dataStart]
    guard String(validating: text, as: UTF8.self) != nil else { throw .notUTF8(path: path) }

    var scanner = SafetensorsScanner(text, path: path)
    // The format requires `{` as the first byte of the JSON.
    guard text.first == UInt8(ascii: "{") else { throw scanner.failure("{") }
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    try scanner.object { (scanner, key) throws(SafetensorsError) in
      if key == "__metadata__" {
        try scanner.object { (scanner, key) throws(SafetensorsError) in
          metadata[key] = try scanner.string()
        }
      } else {
        entries.append(try Self.entry(key, from: &scanner, path: path))
      }
    }
    try scanner.end()
    self.metadata = metadata
    // An empty tensor may start at the same offset as the tensor that follows it.
    self.entries = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    try checkCover(dataBytes: bytes.count - dataStart, path: path)
  }

  private static func entry(
    _ name: String, from scanner: inout SafetensorsScanner, path: String
  ) throws(SafetensorsError) -> Entry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { (scanner, key) throws(SafetensorsError) in
      switch key {
      case "dtype":
        let text = try scanner.string()
        type = ElementType(rawValue: text)
        if type == nil { throw .unknownElementType(path: path, tensor: name, found: text) }
      case "shape": shape = try scanner.integers()
      case "data_offsets":
        offsets = try scanner.integers()
        if offsets?.count != 2 { throw scanner.failure("two data_offsets") }
      default: throw scanner.failure("dtype, shape or data_offsets, not \"\(key)\"")
      }
    }
    guard let type else { throw .missingKey(path: path, tensor: name, key: "dtype") }
    guard let shape else { throw .missingKey(path: path, tensor: name, key: "shape") }
    guard let offsets else { throw .missingKey(path: path, tensor: name, key: "data_offsets") }
    guard offsets[0] <= offsets[1] else {
      throw .reversedOffsets(path: path, tensor: name, begin: offsets[0], end: offsets[1])
    }
    let range = offsets[0]..<offsets[1]
    var expected = type.byteCount
    for dimension in shape {
      let (product, overflow) = expected.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw .tooManyElements(path: path, tensor: name, shape: shape) }
      expected = product
    }
    guard range.count == expected else {
      throw .wrongByteCount(path: path, tensor: name, found: range, shape: shape, type: type)
    }
    return Entry(name: name, elementType: type, shape: shape, range: range)
  }

  private func checkCover(dataBytes: Int, path: String) throws(SafetensorsError) {
    var end = 0
    for entry in entries {
      let (name, range) = (entry.name, entry.range)
      guard range.upperBound <= dataBytes else {
        throw .outsideData(path: path, tensor: name, found: range, dataBytes: dataBytes)
      }
      guard range.lowerBound >= end else {
        throw .overlap(path: path, tensor: name, begin: range.lowerBound, expected: end)
      }
      guard range.lowerBound == end else {
        throw .hole(path: path, tensor: name, begin: range.lowerBound, expected: end)
      }
      end = range.upperBound
    }
    guard end == dataBytes else {
      throw .trailingBytes(path: path, found: dataBytes, expected: end)
    }
  }

  /// Name, type and size of a tensor, without its range in the file.
  struct Description {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    let byteCount: Int
  }

  /// Start of a file of contiguous tensors: the header's length and its JSON, padded so that the
  /// data begin at a multiple of 8.
  static func encoded(_ tensors: [Description], metadata: [String: String]) -> [UInt8] {
    let json = json(tensors, metadata: metadata)
    let padding = -json.count & 7
    return withUnsafeBytes(of: UInt64(json.count + padding).littleEndian, Array.init) + json
      + repeatElement(UInt8(ascii: " "), count: padding)
  }

  private static func json(_ tensors: [Description], metadata: [String: String]) -> [UInt8] {
    var fields: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(quoted($0.key)):\(quoted($0.value))"
      }
      fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let name = tensor.name
      require(name != "__metadata__", "__metadata__ is no name for a tensor")
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      fields.append(
        "\(quoted(name)):{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    return Array("{\(fields.joined(separator: ","))}".utf8)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
