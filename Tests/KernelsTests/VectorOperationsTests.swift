import Kernels
import Tensors
import Testing

@Suite struct VectorOperationsTests {
  let source = TensorSource()
  static let counts = [0, 1, 7, 16, 63, 64, 1000]
  /// Two roundings of values of size ≤ 10.
  let tolerance = 2e-6
  /// A thousand additions to sums of size ≤ 4000, each rounded to 1.1e-16 of it.
  let sumTolerance = 5e-10

  @Test("linear operations are exact to rounding, in place too", arguments: counts)
  func linear(count: Int) {
    let (a, b) = (source.random([count]), source.random([count]))
    let y = source.unset([count])
    combine(2, a, -3, b, into: y)
    #expect(largestDifference(y) { 2 * Double(a[$0]) - 3 * Double(b[$0]) } <= tolerance)
    let inPlace = source.copy(a)
    combine(2, inPlace, -3, b, into: inPlace)
    #expect(largestDifference(inPlace, y) == 0)
    add(b, times: 3, into: y)
    #expect(largestDifference(y) { 2 * Double(a[$0]) } <= 2 * tolerance)
    scale(a, by: 0.3, into: a)
    #expect(largestDifference(a) { Double(y[$0]) * 0.15 } <= tolerance)
  }

  @Test("dot products are summed in double", arguments: counts)
  func products(count: Int) {
    let (a, b) = (source.random([count]), source.random([count]))
    let exact = (0..<count).reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) }
    #expect(abs(dot(a, b) - exact) <= sumTolerance)
    let squares = (0..<count).reduce(0.0) { $0 + Double(a[$1]) * Double(a[$1]) }
    #expect(abs(sumOfSquares(a) - squares) <= sumTolerance)
  }

  @Test("a single infinite or undefined element is found at any position", arguments: counts)
  func finiteness(count: Int) {
    let a = source.filled([count]) {
      $0 % 2 == 0 ? .greatestFiniteMagnitude : -.leastNonzeroMagnitude
    }
    #expect(isFinite(a))
    for place in 0..<count {
      let kept = a[place]
      for value in [Float.nan, .infinity, -.infinity, .signalingNaN] {
        a[place] = value
        #expect(!isFinite(a), "\(value) at \(place)")
      }
      a[place] = kept
    }
  }
}
