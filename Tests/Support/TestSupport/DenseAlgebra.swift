import CLAPACK
import Failures

/// Singular values and eigenvalues of dense matrices, by LAPACK.
public enum DenseAlgebra {
  /// The largest singular value of a matrix given by its columns, by `dgesvd`.
  public static func largestSingularValue(_ columns: [[Double]]) -> Double {
    var a = columns.flatMap(\.self)
    var columnCount = blasint(columns.count)
    var rows = blasint(columns.first?.count ?? 0)
    let smaller = Int(min(rows, columnCount))
    require(smaller > 0 && a.count == columns.count * Int(rows), "columns of unequal length")
    var values = [Double](repeating: 0, count: smaller)
    var (one, info, none) = (blasint(1), blasint(0), CChar(UInt8(ascii: "N")))
    func run(_ work: inout [Double], _ length: blasint) {
      var length = length
      var (other, leading) = (none, rows)
      dgesvd_(
        &none, &other, &rows, &columnCount, &a, &leading, &values, nil, &one, nil, &one, &work,
        &length, &info, 1, 1)
    }
    var work = [0.0]
    run(&work, -1)
    let length = blasint(work[0])
    work = [Double](repeating: 0, count: Int(length))
    run(&work, length)
    require(info == 0, "dgesvd: \(info)")
    return values[0]
  }

  /// The eigenvalues, ascending, of the symmetric part of a matrix given by its columns, by `dsyev`.
  public static func symmetricEigenvalues(_ columns: [[Double]]) -> [Double] {
    let n = columns.count
    var a = (0..<n).flatMap { i in (0..<n).map { j in (columns[i][j] + columns[j][i]) / 2 } }
    var values = [Double](repeating: 0, count: n)
    var (size, info) = (blasint(n), blasint(0))
    var (job, triangle) = (CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "U")))
    func run(_ work: inout [Double], _ length: blasint) {
      var (length, leading) = (length, size)
      dsyev_(&job, &triangle, &size, &a, &leading, &values, &work, &length, &info, 1, 1)
    }
    var work = [0.0]
    run(&work, -1)
    let length = blasint(work[0])
    work = [Double](repeating: 0, count: Int(length))
    run(&work, length)
    require(info == 0, "dsyev: \(info)")
    return values
  }
}
