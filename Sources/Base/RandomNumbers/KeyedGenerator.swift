import Failures

#if canImport(Glibc)
  import Glibc
#endif

/// Random numbers that depend on their purpose, never on the rank that draws them or on the order.
///
/// A stream is named by (seed, purpose, a, b), for example (seed, augmentation, epoch, sample).
/// With P the Philox block function, (k, c) = P(counter: (a, b), key: seed) selects the stream, and
/// its i-th block is P(counter: (i, purpose, c), key: k). P is a bijection for a fixed key, so the
/// streams of one seed are disjoint. A stream holds 2³³ numbers of 64 bits and traps beyond.
/// Nothing is allocated.
public struct KeyedGenerator: RandomNumberGenerator, Sendable {
  private let key: Philox.Key
  private var counter: Philox.Counter
  private var pending: UInt64?
  private var pendingNormal: Double?

  public init(seed: UInt64, purpose: Purpose, a: UInt64 = 0, b: UInt64 = 0) {
    let name = Philox.Counter(
      UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: a >> 32),
      UInt32(truncatingIfNeeded: b), UInt32(truncatingIfNeeded: b >> 32))
    let seedKey = Philox.Key(
      UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    let stream = Philox.block(at: name, key: seedKey)
    key = Philox.Key(stream[0], stream[1])
    counter = Philox.Counter(0, purpose.rawValue, stream[2], stream[3])
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    if let second = pending {
      pending = nil
      return second
    }
    let block = Philox.block(at: counter, key: key)
    counter[0] += 1
    pending = UInt64(block[3]) << 32 | UInt64(block[2])
    return UInt64(block[1]) << 32 | UInt64(block[0])
  }

  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform in 0 ..< bound, without bias.
  ///
  /// The high half of a 64 × 64-bit product, rejecting the few low halves that would favour some
  /// values. Source: Lemire, "Fast random integer generation in an interval", TOMACS 29 (2019).
  public mutating func integer(below bound: Int) -> Int {
    require(bound > 0, "no integer lies in 0 ..< \(bound)")
    let range = UInt64(bound)
    var product = next().multipliedFullWidth(by: range)
    if product.low < range {
      let threshold = (0 &- range) % range
      while product.low < threshold {
        product = next().multipliedFullWidth(by: range)
      }
    }
    return Int(product.high)
  }

  /// Normal with mean 0 and variance 1, by Box and Muller: √(−2 ln u)·(cos 2πv, sin 2πv) is two of
  /// them.
  ///
  /// The last bit depends on the C library's log, sin and cos and may differ where libraries
  /// differ.
  public mutating func normal() -> Double {
    if let second = pendingNormal {
      pendingNormal = nil
      return second
    }
    // 1 − u lies in (0, 1], where the logarithm is finite.
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    pendingNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Fills `buffer` with independent normal numbers of mean 0, each rounded once to `Float`.
  public mutating func fillNormal(
    _ buffer: UnsafeMutableBufferPointer<Float>, standardDeviation: Double
  ) {
    for index in buffer.indices {
      buffer[index] = Float(standardDeviation * normal())
    }
  }
}
