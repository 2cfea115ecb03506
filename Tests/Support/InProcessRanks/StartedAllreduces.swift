import Failures

/// The sums that one rank of a ``InProcessCommunicator`` has started, in order.
///
/// Used by the rank's thread only.
final class StartedAllreduces: @unchecked Sendable {
  enum Buffer {
    case floats(UnsafeMutableBufferPointer<Float>)
    case integers(UnsafeMutableBufferPointer<Int64>)
  }

  private var sums: [(buffer: Buffer, digest: UInt64)] = []

  /// Room for a step of many small buckets; more of them grow it, once.
  init() { sums.reserveCapacity(256) }

  func add(_ buffer: Buffer) { sums.append((buffer, Self.digest(buffer))) }

  /// Hands all to `body` and forgets them; traps if one has been written since it was started.
  func takeAll(_ body: (Buffer) -> Void) {
    for (index, sum) in sums.enumerated() {
      require(
        Self.digest(sum.buffer) == sum.digest,
        "buffer \(index) was written between the start of its sum and its end")
      body(sum.buffer)
    }
    sums.removeAll(keepingCapacity: true)
  }

  /// FNV-1a over the elements' bits.
  private static func digest(_ buffer: Buffer) -> UInt64 {
    switch buffer {
    case .floats(let values): digest(values) { UInt64($0.bitPattern) }
    case .integers(let values): digest(values) { UInt64(bitPattern: $0) }
    }
  }

  private static func digest<Element>(
    _ values: UnsafeMutableBufferPointer<Element>, bits: (Element) -> UInt64
  ) -> UInt64 {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for value in values { digest = (digest ^ bits(value)) &* 0x100_0000_01B3 }
    return digest
  }
}
