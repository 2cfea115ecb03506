import Images
import Testing

/// PNG files, chunk by chunk; the test of a report's page draws them in a browser.
@Suite struct PNGTests {
  /// The chunks' types and contents, without checksums.
  private static func chunks(_ png: PNG) -> [(type: String, content: [UInt8])] {
    var rest = png.bytes[8...]
    var chunks: [(String, [UInt8])] = []
    while rest.count >= 12 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let start = rest.startIndex + 8
      let type = String(decoding: rest[start - 4..<start], as: UTF8.self)
      chunks.append((type, Array(rest[start..<start + length])))
      rest = rest[(start + length + 4)...]
    }
    return chunks
  }

  @Test("a file has a header, data and an end, whose checksums are those of the standard")
  func structure() throws {
    let png = PNG([0, 0.5, 1, .nan, -1, 2], width: 3, height: 2, channels: 1)
    let chunks = Self.chunks(png)
    #expect(chunks.map(\.type) == ["IHDR", "IDAT", "IEND"])
    #expect(chunks[0].content == [0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])
    // ISO/IEC 15948: the end of every file.
    #expect(png.bytes.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    // Adler-32 of the lines 0 0 128 255 and 0 0 0 255, the last four bytes of zlib's stream.
    var (a, b) = (1, 0)
    for byte in [0, 0, 128, 255, 0, 0, 0, 255] {
      a = (a + byte) % 65521
      b = (b + a) % 65521
    }
    let sum = [b >> 8, b & 255, a >> 8, a & 255].map { UInt8($0) }
    #expect(Array(chunks[1].content.suffix(4)) == sum)
  }

  @Test("a header is read back, and other files are refused")
  func reading() {
    let png = PNG([Float](repeating: 0.25, count: 12), width: 2, height: 2, channels: 3)
    #expect(PNG(bytes: png.bytes) == png)
    #expect(PNG(bytes: Array("GIF89a".utf8)) == nil && PNG(bytes: []) == nil)
    #expect(PNG(bytes: Array(png.bytes.prefix(20))) == nil)
  }

  @Test("signed values have zero in the middle")
  func signed() {
    let values: [Float] = [-2, 0, 1]
    #expect(
      PNG.signed(values, width: 3, height: 1, channels: 1)
        == PNG([0, 0.5, 0.75], width: 3, height: 1, channels: 1))
    #expect(
      PNG.signed([0, 0], width: 2, height: 1, channels: 1)
        == PNG([0.5, 0.5], width: 2, height: 1, channels: 1))
  }
}
