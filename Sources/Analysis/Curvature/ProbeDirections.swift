import RandomNumbers
import Tensors

/// Random unit vectors in input space, each a function of the seed, a sample's index and a number.
///
/// Normal numbers are normalized, so every direction is equally likely; which rank draws a vector,
/// and beside which other samples, changes nothing.
public struct ProbeDirections: Sendable, Equatable {
  public let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Writes direction `number` of the sample with this index in its data set.
  public func write(sample: Int, number: Int = 0, into vector: Tensor) {
    var generator = KeyedGenerator(
      seed: seed, purpose: .probe, a: UInt64(sample), b: UInt64(number))
    generator.fillNormal(vector.buffer, standardDeviation: 1)
    normalize(vector)
  }
}
