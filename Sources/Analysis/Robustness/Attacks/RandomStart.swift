import RandomNumbers

/// The start of a gradient attack: a random point that is a function of seed, sample and two
/// numbers.
public struct RandomStart: Sendable, Equatable {
  public let seed: UInt64
  /// The number of the attack, so that attacks on the same sample start apart.
  public let attack: Int
  /// The number of the restart.
  public let number: Int

  public init(seed: UInt64, attack: Int = 0, number: Int = 0) {
    self.seed = seed
    self.attack = attack
    self.number = number
  }

  /// Moves every active sample of a slice to its start.
  func place(_ slice: AttackedSlice) {
    for place in slice.active {
      var generator = KeyedGenerator(
        seed: seed, purpose: .attackStart, a: UInt64(slice.samples[place].index),
        b: UInt64(attack) << 32 | UInt64(number))
      slice.threat.writeRandomPoint(
        around: slice.image(place), using: &generator, into: slice.point(place))
    }
  }
}
