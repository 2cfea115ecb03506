import EventFiles
import Foundation
import TestFiles
import Testing

/// Event files, byte by byte; EventReaderTests reads them by TensorBoard.
@Suite struct EventFileTests {
  /// - Source: RFC 3720, appendix B.4.
  @Test("checksums are those of the standard")
  func checksums() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
  }

  /// - Source: https://protobuf.dev/programming-guides/encoding, the examples 150 and "testing".
  @Test("fields have the bytes of the wire format")
  func fields() {
    var buffer = ProtocolBuffer()
    buffer.add(1, Int64(150))
    buffer.add(2, "testing")
    #expect(
      buffer.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8))
    var negative = ProtocolBuffer()
    negative.add(1, Int64(-1))
    #expect(negative.bytes.count == 11)
  }

  @Test("a record is framed by its length and two checksums; the first names the version")
  func records() throws {
    let directory = try TemporaryDirectory()
    let file = try EventFile(in: directory.path, resumingAt: 7)
    try file.write([.scalar("a", 1.5)], step: 8)
    try file.flush()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
    var records: [[UInt8]] = []
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let length = Int(rest.first ?? 0)
      let start = rest.startIndex
      let record = Array(rest[(start + 12)..<(start + 12 + length)])
      let sum = rest[(start + 12 + length)..<(start + 16 + length)]
      #expect(
        Array(sum) == withUnsafeBytes(of: CRC32C.masked(record).littleEndian) { Array($0) })
      records.append(record)
      rest = rest[(start + 16 + length)...]
    }
    #expect(records.count == 3)
    #expect(String(decoding: records[0], as: UTF8.self).contains("brain.Event:2"))
    // step 8, session_log { status: START }
    #expect(Array(records[1].suffix(6)) == [0x10, 8, 0x3A, 2, 0x08, 1])
  }

  @Test("a histogram counts the finite values")
  func histogram() throws {
    #expect(Summary.histogram("h", [Float.nan])?.message.isEmpty ?? true)
    let values = try #require(Summary.histogram("h", [1, 2, 3, .infinity] as [Float]))
    #expect(values.message.count > 30 * 16)
    #expect(Summary.histogram("h", [2, 2] as [Float])?.message.isEmpty == false)
  }
}
