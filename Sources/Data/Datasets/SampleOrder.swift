import RandomNumbers

/// Order in which an epoch visits the samples; a function of the epoch only.
public enum SampleOrder: Sendable, Equatable {
  /// 0, 1, 2, …, for evaluation.
  case natural
  /// Fisher–Yates permutation drawn for (seed, epoch).
  case shuffled(seed: UInt64)

  /// Writes the order of `indices.count` samples in epoch `epoch` to `indices`.
  public func fill(_ indices: UnsafeMutableBufferPointer<Int32>, epoch: Int) {
    for index in indices.indices { indices[index] = Int32(index) }
    guard case .shuffled(let seed) = self, indices.count > 1 else { return }
    var generator = KeyedGenerator(seed: seed, purpose: .shuffle, a: UInt64(epoch))
    for last in stride(from: indices.count - 1, to: 0, by: -1) {
      indices.swapAt(last, generator.integer(below: last + 1))
    }
  }

  /// Order of `count` samples in epoch `epoch`.
  public func indices(count: Int, epoch: Int) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), epoch: epoch)
      initialized = count
    }
  }
}
