import Curvature
import TestSupport
import Testing

@Suite struct SymmetricTridiagonalTests {
  @Test("a single row is its own eigenvalue")
  func oneRow() {
    let matrix = SymmetricTridiagonal(diagonal: [-3], coupling: [])
    #expect(abs(matrix.smallest.value + 3) < 1e-14 && abs(matrix.largest.value + 3) < 1e-14)
    #expect(matrix.smallest.lastComponent == 1)
  }

  @Test("the second difference's ends are 2 ∓ 2·cos(π/(n + 1)), its vectors sines")
  func secondDifference() {
    let n = 9
    let matrix = SymmetricTridiagonal(
      diagonal: [Double](repeating: 2, count: n), coupling: [Double](repeating: -1, count: n - 1))
    let columns = (0..<n).map { i in
      (0..<n).map { j in i == j ? 2.0 : abs(i - j) == 1 ? -1.0 : 0.0 }
    }
    let dense = DenseAlgebra.symmetricEigenvalues(columns)
    #expect(abs(matrix.smallest.value - dense[0]) < 1e-13)
    #expect(abs(matrix.largest.value - dense[n - 1]) < 1e-13)
    // cos(π/10) in closed form: √(10 + 2√5)/4.
    let cosine = (10 + 2 * 5.0.squareRoot()).squareRoot() / 4
    #expect(abs(matrix.smallest.value - (2 - 2 * cosine)) < 1e-13)
    #expect(abs(matrix.largest.value - (2 + 2 * cosine)) < 1e-13)
    // √(2/(n + 1))·sin(nπ/(n + 1)), and sin(9π/10) = (√5 − 1)/4.
    let last = 0.2.squareRoot() * (5.0.squareRoot() - 1) / 4
    #expect(abs(matrix.smallest.lastComponent - last) < 1e-7)
    #expect(abs(matrix.largest.lastComponent - last) < 1e-7)
  }

  @Test("zero and graded matrices end in finite numbers")
  func degenerate() {
    let zero = SymmetricTridiagonal(diagonal: [0, 0], coupling: [0])
    #expect(abs(zero.smallest.value) < 1e-300 && abs(zero.largest.value) < 1e-300)
    let graded = SymmetricTridiagonal(diagonal: [1, 1e-8, 1e-16], coupling: [1e-9, 1e-17])
    #expect(abs(graded.largest.value - 1) < 1e-12)
    #expect(graded.largest.lastComponent < 1e-12)
    #expect(abs(graded.smallest.value) < 1e-15)
  }
}
