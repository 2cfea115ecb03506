import CBLAS
import Failures
import Tensors

/// Whether a result replaces the contents of its output, or is added to them.
public enum Accumulation: Sendable {
  /// The output is overwritten, unread.
  case replace
  /// The result is added to the output.
  case add
}

/// A factor of a matrix product: a row-major matrix as it is stored, or its transpose.
public enum MatrixOperand {
  case plain(Tensor)
  case transposed(Tensor)

  fileprivate var tensor: Tensor {
    switch self {
    case .plain(let tensor), .transposed(let tensor): tensor
    }
  }

  /// The extents of op(tensor).
  fileprivate var extents: (rows: Int, columns: Int) {
    require(tensor.shape.rank == 2, "a factor is a matrix, not \(tensor.shape)")
    return switch self {
    case .plain(let tensor): (tensor.shape[0], tensor.shape[1])
    case .transposed(let tensor): (tensor.shape[1], tensor.shape[0])
    }
  }

  fileprivate var operation: CBLAS_TRANSPOSE {
    switch self {
    case .plain: CblasNoTrans
    case .transposed: CblasTrans
    }
  }
}

/// c ← scale·op(a)·op(b) + previous·c, with op(a) [m, k], op(b) [k, n], c [m, n].
///
/// With `previous` 0, c is not read, so it may hold NaN. Extents of 0 are legal; with k = 0 the
/// product is a zero matrix.
public func multiply(
  _ a: MatrixOperand, _ b: MatrixOperand, into c: Tensor, scale: Float = 1, previous: Float = 0
) {
  let (m, k) = a.extents
  let (inner, n) = b.extents
  require(
    k == inner && c.shape.rank == 2 && c.shape[0] == m && c.shape[1] == n,
    "cannot multiply [\(m), \(k)] by [\(inner), \(n)] into \(c.shape)")
  if c.count == 0 { return }
  if k == 0 {
    if previous == 0 { c.fill(0) } else { Kernels.scale(c, by: previous, into: c) }
    return
  }
  cblas_sgemm(
    CblasRowMajor, a.operation, b.operation, Int32(m), Int32(n), Int32(k), scale,
    a.tensor.pointer, Int32(a.tensor.shape[1]), b.tensor.pointer, Int32(b.tensor.shape[1]),
    previous, c.pointer, Int32(n))
}

/// Makes OpenBLAS compute matrix products on the calling thread only.
public func useOneBLASThread() { openblas_set_num_threads(1) }
