/// A message in the wire format of protocol buffers, field by field.
///
/// - Source: https://protobuf.dev/programming-guides/encoding
package struct ProtocolBuffer {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func add(_ field: Int, _ value: Int64) {
    key(field, 0)
    varint(UInt64(bitPattern: value))
  }

  package mutating func add(_ field: Int, _ value: Double) {
    key(field, 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func add(_ field: Int, _ value: Float) {
    key(field, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  package mutating func add(_ field: Int, _ message: ProtocolBuffer) { add(field, message.bytes) }

  /// A packed list.
  package mutating func add(_ field: Int, _ values: [Double]) {
    var packed: [UInt8] = []
    packed.reserveCapacity(8 * values.count)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { packed.append(contentsOf: $0) }
    }
    add(field, packed)
  }

  package mutating func add(_ field: Int, _ content: [UInt8]) {
    key(field, 2)
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func key(_ field: Int, _ type: UInt64) { varint(UInt64(field) << 3 | type) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
