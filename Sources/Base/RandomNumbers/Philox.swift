/// Philox4x32-10, a counter-based generator: a block of 128 random bits is a function of a counter
/// and a key.
///
/// For a fixed key the function is a bijection of the counter, so different counters give different
/// blocks. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
/// 2011.
public enum Philox {
  public typealias Counter = SIMD4<UInt32>
  public typealias Key = SIMD2<UInt32>

  private static let rounds = 10

  /// The block at `counter` of the sequence that `key` selects.
  public static func block(at counter: Counter, key: Key) -> Counter {
    var state = counter
    var roundKey = key
    for _ in 0..<rounds {
      let left = state[0].multipliedFullWidth(by: 0xD251_1F53)
      let right = state[2].multipliedFullWidth(by: 0xCD9E_8D57)
      state = Counter(
        right.high ^ state[1] ^ roundKey[0], right.low,
        left.high ^ state[3] ^ roundKey[1], left.low)
      roundKey &+= Key(0x9E37_79B9, 0xBB67_AE85)
    }
    return state
  }
}
