/// Contents of small data set files, right ones and broken ones.
enum DatasetFiles {
  /// `count` records with labels 0, 1, 2, … and pixel bytes that differ between planes and positions.
  static func cifar10(count: Int) -> [UInt8] {
    (0..<count).flatMap { record in
      [UInt8(record % 10)] + (0..<3072).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ record) }
    }
  }

  static func idx(dimensions: [UInt32], values: [UInt8]) -> [UInt8] {
    let header = [0x0800 + UInt32(dimensions.count)] + dimensions
    return header.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
    }
      + values
  }

  /// A gzip file (RFC 1952) of one stored block (RFC 1951) of at most 65535 bytes.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    let length = UInt16(bytes.count)
    let block = [1] + littleEndian(UInt32(length) | UInt32(~length) << 16) + bytes
    return header + block + littleEndian(checksum(bytes)) + littleEndian(UInt32(bytes.count))
  }

  private static func littleEndian(_ word: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }

  /// CRC-32, bit by bit.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { start, byte in
      (0..<8).reduce(start ^ UInt32(byte)) { sum, _ in
        sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1
      }
    }
  }
}
