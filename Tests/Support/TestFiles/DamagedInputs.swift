import Environment
import Foundation

/// Inputs that are made from whole ones by a few random edits; the same for equal seeds.
public struct DamagedInputs: Sequence, IteratorProtocol {
  private let originals: [[UInt8]]
  private var left: Int
  private var state: UInt64

  /// Texts and numbers that readers trip over.
  private static let words: [[UInt8]] = [
    [0], [0xFF], Array("-1".utf8), Array("9223372036854775807".utf8), Array("1e999".utf8),
    Array("null".utf8), Array("[".utf8), Array("{".utf8), Array("\"".utf8), Array("\\u0000".utf8),
    Array("*a".utf8), Array("&a ".utf8), Array("\u{1b}[31m".utf8), [0xED, 0xA0, 0x80],
    [UInt8](repeating: 0xFF, count: 8), [0, 0, 0, 0, 0, 0, 0, 0x7F], Array("\n".utf8),
  ]

  /// - Parameter count: number of inputs, unless `LCNN_FUZZ_INPUTS` gives another.
  public init(of originals: [[UInt8]], count: Int = 300, seed: UInt64 = 1) {
    self.originals = originals
    let asked = EnvironmentVariable.fuzzInputs.value(in: ProcessInfo.processInfo.environment)
    left = asked.flatMap { Int($0) } ?? count
    state = seed
  }

  public mutating func next() -> [UInt8]? {
    guard left > 0 else { return nil }
    left -= 1
    var bytes = originals[random(originals.count)]
    for _ in 0...random(4) { edit(&bytes) }
    return bytes
  }

  private mutating func edit(_ bytes: inout [UInt8]) {
    let place = random(bytes.count + 1)
    let length = Swift.min(random(16) + 1, bytes.count - place)
    switch random(7) {
    case 0 where place < bytes.count: bytes[place] ^= 1 << random(8)
    case 1 where place < bytes.count: bytes[place] = UInt8(random(256))
    case 2: bytes.removeSubrange(place..<place + length)
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: random(bytes.count + 1))
    case 5:
      let word = Self.words[random(Self.words.count)]
      let end = Swift.min(place + word.count, bytes.count)
      bytes.replaceSubrange(place..<end, with: word)
    default: bytes.insert(contentsOf: Self.words[random(Self.words.count)], at: place)
    }
  }

  /// A number below `bound`, by SplitMix64 of Steele, Lea and Flood, 2014.
  private mutating func random(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(Swift.max(bound, 1)))
  }
}
