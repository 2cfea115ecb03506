import Kernels
import Tensors
import Testing

@Suite struct MatrixMultiplyTests {
  let source = TensorSource()
  /// Sums of up to 37 products of size ≤ 4, each rounded to 6e-8 of the partial sum.
  let tolerance = 1e-4

  @Test(
    "a product equals the sum of its definition, for plain and transposed factors",
    arguments: [(1, 1, 1), (3, 5, 7), (17, 1, 33), (20, 37, 9)], [0, 1, 2, 3])
  func product(extents: (Int, Int, Int), transposition: Int) {
    let (m, k, n) = extents
    let aTransposed = transposition & 1 != 0
    let bTransposed = transposition & 2 != 0
    let a = source.random(aTransposed ? [k, m] : [m, k])
    let b = source.random(bTransposed ? [n, k] : [k, n])
    let before = source.random([m, n])
    let c = source.copy(before)
    multiply(
      aTransposed ? .transposed(a) : .plain(a), bTransposed ? .transposed(b) : .plain(b), into: c,
      scale: 0.5, previous: -2)
    let difference = largestDifference(c) { index in
      let (row, column) = (index / n, index % n)
      var sum = 0.0
      for i in 0..<k {
        let left = aTransposed ? a[i * m + row] : a[row * k + i]
        let right = bTransposed ? b[column * k + i] : b[i * n + column]
        sum += Double(left) * Double(right)
      }
      return 0.5 * sum - 2 * Double(before[index])
    }
    #expect(difference < tolerance)
  }

  @Test("c is not read if previous is 0, so it may hold NaN")
  func overwrites() {
    let c = source.unset([3, 4])
    multiply(.plain(source.random([3, 5])), .plain(source.random([5, 4])), into: c)
    #expect(isFinite(c))
  }

  @Test("with no inner extent the product is zero, and extents of zero are legal")
  func empty() {
    let c = source.unset([2, 3])
    multiply(.plain(source.unset([2, 0])), .plain(source.unset([0, 3])), into: c)
    #expect(c.buffer.allSatisfy { $0 == 0 })
    c.fill(4)
    multiply(
      .plain(source.unset([2, 0])), .plain(source.unset([0, 3])), into: c, previous: 0.5)
    #expect(c.buffer.allSatisfy { $0 == 2 })
    multiply(
      .plain(source.unset([0, 4])), .plain(source.unset([4, 3])), into: source.unset([0, 3]))
  }
}
