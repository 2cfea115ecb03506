/// The eigenvalues, ascending, of the symmetric part of a dense matrix, by cyclic Jacobi rotations.
func jacobiEigenvalues(_ columns: [[Double]]) -> [Double] {
  let n = columns.count
  var a = (0..<n).map { i in (0..<n).map { j in (columns[i][j] + columns[j][i]) / 2 } }
  let size = a.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
  for _ in 0..<30 {
    var outside = 0.0
    for p in 0..<n {
      for q in p + 1..<max(n, p + 1) {
        outside += a[p][q] * a[p][q]
        guard a[p][q] != 0 else { continue }
        let ratio = (a[q][q] - a[p][p]) / (2 * a[p][q])
        let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for k in 0..<n {
          let (x, y) = (a[k][p], a[k][q])
          a[k][p] = cosine * x - sine * y
          a[k][q] = sine * x + cosine * y
        }
        for k in 0..<n {
          let (x, y) = (a[p][k], a[q][k])
          a[p][k] = cosine * x - sine * y
          a[q][k] = sine * x + cosine * y
        }
      }
    }
    if outside <= 1e-30 * size { break }
  }
  return (0..<n).map { a[$0][$0] }.sorted()
}
