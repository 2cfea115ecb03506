import Kernels
import Tensors

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
