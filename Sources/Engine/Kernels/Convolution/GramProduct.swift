import CBLAS
import Failures

/// gram ← X·Xᴴ for a complex X = A + iB, in double precision.
///
/// `x` is [A | B], rows × 2·columns, and `gram` the same for the result, rows × 2·rows: its real
/// part is [A | B]·[A | B]ᵀ, its imaginary part P − Pᵀ with P = B·Aᵀ. `scratch` holds P, rows ×
/// rows.
public func multiplyByAdjoint(
  _ x: UnsafeMutableBufferPointer<Double>, rows: Int, columns: Int,
  into gram: UnsafeMutableBufferPointer<Double>, scratch: UnsafeMutableBufferPointer<Double>
) {
  require(
    rows > 0 && columns > 0 && x.count >= rows * 2 * columns && gram.count >= 2 * rows * rows
      && scratch.count >= rows * rows,
    "\(x.count), \(gram.count) and \(scratch.count) numbers for a Gram matrix of "
      + "\(rows)×\(columns)")
  guard let input = x.baseAddress, let output = gram.baseAddress, let product = scratch.baseAddress
  else { return }
  let (n, k) = (Int32(rows), Int32(columns))
  cblas_dgemm(
    CblasRowMajor, CblasNoTrans, CblasTrans, n, n, 2 * k, 1, input, 2 * k, input, 2 * k, 0, output,
    2 * n)
  cblas_dgemm(
    CblasRowMajor, CblasNoTrans, CblasTrans, n, n, k, 1, input + columns, 2 * k, input, 2 * k, 0,
    product, n)
  for row in 0..<rows {
    let imaginary = output + row * 2 * rows + rows
    for column in 0..<rows {
      imaginary[column] = product[row * rows + column] - product[column * rows + row]
    }
  }
}
