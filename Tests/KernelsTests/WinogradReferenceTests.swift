import Kernels
import Testing

@Suite struct WinogradReferenceTests {
  /// A few hundred operations in double on values below 10.
  let tolerance = 1e-12

  @Test("the one-dimensional transforms give the correlation, for every input and every tap")
  func identity() {
    for position in 0..<6 {
      for tap in 0..<3 {
        for output in 0..<4 {
          let value = (0..<6).reduce(0.0) { sum, frequency in
            sum + WinogradReference.output[output][frequency]
              * WinogradReference.weight[frequency][tap]
              * WinogradReference.input[frequency][position]
          }
          let expected = position == output + tap ? 1.0 : 0
          #expect(
            abs(value - expected) <= tolerance, "input \(position), tap \(tap), output \(output)")
        }
      }
    }
  }

  @Test("the two-dimensional transforms give the correlation of a tile")
  func tile() {
    let x = matrix(6) { i, j in (7 * i + 3 * j) % 11 - 5 }
    let w = matrix(3) { i, j in (5 * i + 2 * j) % 7 - 3 }
    let v = WinogradReference.transform(x, by: WinogradReference.input)
    let u = WinogradReference.transform(w, by: WinogradReference.weight)
    let products = zip(u, v).map { zip($0, $1).map { $0 * $1 } }
    let y = WinogradReference.transform(products, by: WinogradReference.output)
    for i in 0..<4 {
      for j in 0..<4 {
        var expected = 0.0
        for k in 0..<9 { expected += w[k / 3][k % 3] * x[i + k / 3][j + k % 3] }
        // The correlation is a sum of nine products of at most 15.
        #expect(abs(y[i][j] - expected) <= 100 * tolerance, "output \(i), \(j)")
      }
    }
  }

  private func matrix(_ extent: Int, _ element: (Int, Int) -> Int) -> [[Double]] {
    (0..<extent).map { i in (0..<extent).map { j in Double(element(i, j)) } }
  }
}
