/// Conversion between records of a plain type and bytes, for collectives between ranks of one
/// program.
package enum RecordBytes {
  package static func bytes<Record: BitwiseCopyable>(of records: [Record]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: records.count * MemoryLayout<Record>.stride)
    bytes.withUnsafeMutableBytes { bytes in
      for (index, record) in records.enumerated() {
        bytes.storeBytes(
          of: record, toByteOffset: index * MemoryLayout<Record>.stride, as: Record.self)
      }
    }
    return bytes
  }

  package static func records<Record: BitwiseCopyable>(
    _ type: Record.Type, from bytes: [UInt8]
  ) -> [Record] {
    let stride = MemoryLayout<Record>.stride
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / stride).map {
        bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Record.self)
      }
    }
  }
}
