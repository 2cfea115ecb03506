import Failures

/// The allreduces that one rank of an ``InProcessCommunicator`` has started, in order.
///
/// Used by the rank's thread only.
final class StartedAllreduces: @unchecked Sendable {
  enum Buffer {
    case floats(UnsafeMutableBufferPointer<Float>)
    case integers(UnsafeMutableBufferPointer<Int64>)
  }

  private var started: [(buffer: Buffer, digest: UInt64)] = []

  /// Keeps room for a step of many small buckets; it grows once where a step has more.
  init() { started.reserveCapacity(256) }

  func add(_ buffer: Buffer) { started.append((buffer, Self.digest(buffer))) }

  /// Passes all buffers to `body` and removes them; traps if one has been written since its start.
  func takeAll(_ body: (Buffer) -> Void) {
    for (index, allreduce) in started.enumerated() {
      require(
        Self.digest(allreduce.buffer) == allreduce.digest,
        "buffer \(index) was written between the start of its allreduce and its end")
      body(allreduce.buffer)
    }
    started.removeAll(keepingCapacity: true)
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
