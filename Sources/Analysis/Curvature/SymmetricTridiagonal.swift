/// A symmetric tridiagonal matrix, for its outermost eigenvalues.
package struct SymmetricTridiagonal {
  /// An eigenvalue, and the magnitude of the last component of its unit eigenvector.
  package struct Eigenpair: Equatable {
    package let value: Double
    package let lastComponent: Double
  }

  /// `diagonal[i]` is T[i, i].
  package var diagonal: [Double]
  /// `coupling[i]` is T[i, i + 1].
  package var coupling: [Double]

  package init(diagonal: [Double] = [], coupling: [Double] = []) {
    self.diagonal = diagonal
    self.coupling = coupling
  }

  /// The smallest eigenvalue, by bisection to 1e-16 of the matrix's size; needs a row.
  ///
  /// T − x is positive definite, with all pivots of its UDUᵀ positive, exactly for x below the
  /// spectrum. The pivots just below the eigenvalue give the eigenvector from its first component
  /// on, however small the last one is. The first component must be at least 1e-8; that of
  /// Lanczos's eigenvectors is, since it is the share of a random start in them.
  package var smallest: Eigenpair {
    var below = diagonal[0]
    var above = diagonal[0]
    for row in diagonal.indices {
      let left = row > 0 ? abs(coupling[row - 1]) : 0
      let right = row < coupling.count ? abs(coupling[row]) : 0
      below = min(below, diagonal[row] - left - right)
      above = min(above, diagonal[row])
    }
    // Gershgorin's bound may be the eigenvalue itself.
    let size = max(abs(below), abs(above))
    below = (below - size * 1e-15).nextDown
    while above - below > size * 1e-16 {
      let middle = below + (above - below) / 2
      guard middle > below, middle < above else { break }
      if pivots(shiftedBy: middle) == nil { above = middle } else { below = middle }
    }
    return Eigenpair(value: above, lastComponent: lastComponent(below))
  }

  /// The largest eigenvalue, from the smallest of −T.
  package var largest: Eigenpair {
    let opposite = SymmetricTridiagonal(diagonal: diagonal.map { -$0 }, coupling: coupling)
    let pair = opposite.smallest
    return Eigenpair(value: -pair.value, lastComponent: pair.lastComponent)
  }

  /// D of T − x = UDUᵀ, from the last row up; nil unless all pivots are positive.
  private func pivots(shiftedBy x: Double) -> [Double]? {
    var pivots = [Double](repeating: 0, count: diagonal.count)
    for row in diagonal.indices.reversed() {
      let carried =
        row < coupling.count ? coupling[row] * coupling[row] / pivots[row + 1] : 0
      let pivot = diagonal[row] - x - carried
      guard pivot > 0 else { return nil }
      pivots[row] = pivot
    }
    return pivots
  }

  /// The last component of the vector with (T − x)s = c·e₁, which is the eigenvector unless that is
  /// orthogonal to e₁.
  private func lastComponent(_ x: Double) -> Double {
    guard let pivots = pivots(shiftedBy: x) else { return 1 }
    var component = 1.0
    var squares = 1.0
    for row in coupling.indices {
      component *= -coupling[row] / pivots[row + 1]
      squares += component * component
    }
    return abs(component) / squares.squareRoot()
  }
}
