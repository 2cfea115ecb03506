import Kernels
import RandomNumbers
import Tensors

/// Random unit vectors in input space, each a function of a seed, a sample's index and a number.
///
/// Normal random numbers are normalized, so every direction is equally likely. A vector does not
/// depend on the rank that draws it, or on other samples.
public struct ProbeDirections: Sendable, Equatable {
  public let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Writes direction `number` of the sample with index `sample` in its data set.
  public func write(sample: Int, number: Int = 0, into vector: Tensor) {
    var generator = KeyedGenerator(
      seed: seed, purpose: .probe, a: UInt64(sample), b: UInt64(number))
    generator.fillNormal(vector.buffer, standardDeviation: 1)
    normalize(vector)
  }
}

/// vector ← vector/‖vector‖₂; returns the norm.
///
/// A vector whose norm has no finite reciprocal as `Float` becomes zero, with norm 0.
@discardableResult
func normalize(_ vector: Tensor) -> Double {
  let norm = sumOfSquares(vector).squareRoot()
  let reciprocal = Float(1 / norm)
  guard !reciprocal.isInfinite else {
    vector.fill(0)
    return 0
  }
  scale(vector, by: reciprocal, into: vector)
  return norm
}
