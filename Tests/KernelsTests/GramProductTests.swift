import Kernels
import Testing

@Suite struct GramProductTests {
  @Test("the product with the adjoint is that of plain loops", arguments: [(1, 1), (3, 5), (6, 4)])
  func plainLoops(rows: Int, columns: Int) {
    var x = (0..<2 * rows * columns).map { Double(($0 * 37 + 11) % 23) - 11 }
    // Products are only written.
    var gram = [Double](repeating: .nan, count: 2 * rows * rows)
    var scratch = [Double](repeating: .nan, count: rows * rows)
    x.withUnsafeMutableBufferPointer { x in
      gram.withUnsafeMutableBufferPointer { gram in
        scratch.withUnsafeMutableBufferPointer { scratch in
          multiplyByAdjoint(x, rows: rows, columns: columns, into: gram, scratch: scratch)
        }
      }
    }
    for i in 0..<rows {
      for j in 0..<rows {
        var (real, imaginary) = (0.0, 0.0)
        for k in 0..<columns {
          let (a, b) = (x[i * 2 * columns + k], x[i * 2 * columns + columns + k])
          let (c, d) = (x[j * 2 * columns + k], x[j * 2 * columns + columns + k])
          real += a * c + b * d
          imaginary += b * c - a * d
        }
        // Whole numbers: exact.
        #expect(gram[i * 2 * rows + j] == real && gram[i * 2 * rows + rows + j] == imaginary)
      }
    }
  }
}
