import CKernels
import Tensors

// Elementwise on tensors of one shape; an output may be one of the inputs.

/// y ← alpha·a + beta·b.
public func combine(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor, into y: Tensor) {
  ck_combine(elementCount(a, b, y), alpha, a.pointer, beta, b.pointer, y.pointer)
}

/// y ← alpha·a.
public func scale(_ a: Tensor, by alpha: Float, into y: Tensor) {
  ck_scale(elementCount(a, y), a.pointer, alpha, y.pointer)
}

/// y ← y + alpha·x.
public func add(_ x: Tensor, times alpha: Float, into y: Tensor) {
  ck_add(elementCount(x, y), x.pointer, alpha, y.pointer)
}

/// Σ a·b, summed in double.
public func dot(_ a: Tensor, _ b: Tensor) -> Double {
  ck_dot(elementCount(a, b), a.pointer, b.pointer)
}

/// Σ a², summed in double.
public func sumOfSquares(_ a: Tensor) -> Double { dot(a, a) }

/// Whether no element is infinite or NaN.
public func isFinite(_ a: Tensor) -> Bool { ck_is_finite(a.count, a.pointer) }
