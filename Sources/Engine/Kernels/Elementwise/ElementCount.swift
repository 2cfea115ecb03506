import Failures
import Tensors

/// The number of elements of the tensors of an elementwise kernel; traps unless they have one
/// shape.
///
/// Overloads, because a variadic parameter would allocate an array in every call.
func elementCount(_ a: Tensor, _ b: Tensor) -> Int {
  require(a.shape == b.shape, "shapes differ: \(a.shape), \(b.shape)")
  return a.count
}

func elementCount(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Int {
  require(
    a.shape == b.shape && a.shape == c.shape, "shapes differ: \(a.shape), \(b.shape), \(c.shape)")
  return a.count
}

func elementCount(_ a: Tensor, _ b: Tensor, _ c: Tensor, _ d: Tensor) -> Int {
  require(
    a.shape == b.shape && a.shape == c.shape && a.shape == d.shape,
    "shapes differ: \(a.shape), \(b.shape), \(c.shape), \(d.shape)")
  return a.count
}

func elementCount(_ a: Tensor, _ b: Tensor, _ c: Tensor, _ d: Tensor, _ e: Tensor) -> Int {
  require(
    elementCount(a, b, c, d) == e.count && a.shape == e.shape,
    "shapes differ: \(a.shape), \(e.shape)")
  return a.count
}
