import Kernels
import Tensors
import Testing

@Suite struct ChannelMomentsTests {
  let source = TensorSource()
  static let rows = 137
  /// Terms of size ≤ 40 are rounded to float32 before they are summed: 137 · 40 · 6e-8.
  let tolerance = 4e-4

  /// Runs `add` twice on outputs that start at 1, and compares what came on top.
  private func expectTwice(
    _ expected: ChannelMomentsReference.Moments,
    _ add: (UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    var first = [Double](repeating: 1, count: expected.first.count)
    var second = first
    first.withUnsafeMutableBufferPointer { a in
      second.withUnsafeMutableBufferPointer { b in
        add(a, b)
        add(a, b)
      }
    }
    for channel in first.indices {
      let (a, b) = (1 + 2 * expected.first[channel], 1 + 2 * expected.second[channel])
      #expect(abs(first[channel] - a) <= 2 * tolerance, "channel \(channel)")
      #expect(abs(second[channel] - b) <= 2 * tolerance, "channel \(channel)")
    }
  }

  @Test("shifted moments are those of the twin, added", arguments: awkwardChannels)
  func shifted(channels: Int) {
    let x = source.random([Self.rows, channels])
    let shift = source.random([channels])
    expectTwice(ChannelMomentsReference.shifted(of: x, shift: shift)) {
      addShiftedMoments(of: x, shift: shift, sum: $0, squares: $1)
    }
  }

  @Test("normalized moments are those of the twin, added", arguments: awkwardChannels)
  func normalized(channels: Int) {
    let x = source.random([Self.rows, channels])
    let g = source.random([Self.rows, channels])
    let mean = source.random([channels])
    let inverse = source.random([channels])
    expectTwice(
      ChannelMomentsReference.normalized(of: g, x: x, mean: mean, inverseDeviation: inverse)
    ) {
      addNormalizedMoments(
        of: g, x: x, mean: mean, inverseDeviation: inverse, sum: $0, product: $1)
    }
  }

  @Test("second moments are those of the twin, added", arguments: awkwardChannels)
  func second(channels: Int) {
    let shape: Shape = [Self.rows, channels]
    let (x, tangent) = (source.random(shape), source.random(shape))
    let (g, dg) = (source.random(shape), source.random(shape))
    let (mean, inverse) = (source.random([channels]), source.random([channels], in: 0...1))
    let (tangentMean, product) = (source.random([channels]), source.random([channels]))
    expectTwice(
      ChannelMomentsReference.second(
        of: g, gradientTangent: dg, x: x, tangent: tangent, mean: mean,
        inverseDeviation: inverse, tangentMean: tangentMean, tangentProduct: product)
    ) {
      addSecondMoments(
        of: g, gradientTangent: dg, x: x, tangent: tangent, mean: mean,
        inverseDeviation: inverse, tangentMean: tangentMean, tangentProduct: product, sum: $0,
        product: $1)
    }
  }

  @Test("column sums are those of the twin, added", arguments: awkwardChannels)
  func columnSums(channels: Int) {
    let x = source.random([Self.rows, channels])
    let expected = ChannelMomentsReference.columnSums(of: x)
    expectTwice((first: expected, second: expected)) {
      addColumnSums(of: x, into: $0)
      addColumnSums(of: x, into: $1)
    }
  }

  @Test("a mean of 10⁴ does not spoil the second moment of a small deviation")
  func cancellation() {
    let x = source.filled([1000, 17]) { 10_000 + Float($0 / 17 % 2) }
    let shift = source.filled([17]) { _ in 10_000 }
    let expected = [Double](repeating: 499.5, count: 17)
    expectTwice((first: expected.map { $0 + 0.5 }, second: expected.map { $0 + 0.5 })) {
      addShiftedMoments(of: x, shift: shift, sum: $0, squares: $1)
    }
  }
}
