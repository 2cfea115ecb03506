import Kernels
import Tensors
import Testing

@Suite struct ChannelCombinationTests {
  let source = TensorSource()
  static let rows = 23
  /// Up to nine roundings of partial sums of size ≤ 25, each to 6e-8 of it.
  let tolerance = 1.4e-5

  @Test("a combination of any width is that of the twin", arguments: awkwardChannels)
  func combinations(channels: Int) {
    let matrices = (0..<4).map { _ in source.random([Self.rows, channels]) }
    let factors = (0..<4).map { _ in source.random([channels]) }
    let (center, offset) = (source.random([channels]), source.random([channels]))
    let y = source.unset(matrices[0].shape)

    func expectTwin(_ positions: [Int]) {
      let reference = ChannelCombinationReference(
        center: center, terms: positions.map { (matrices[$0], factors[$0]) }, offset: offset)
      #expect(largestDifference(y) { reference.element($0) } < tolerance)
    }
    combineChannels(matrices[0], center: center, scale: factors[0], offset: offset, into: y)
    expectTwin([0])
    combineChannels(
      matrices[0], center: center, scale: factors[0], matrices[2], gradientScale: factors[2],
      offset: offset, into: y)
    expectTwin([0, 2])
    combineChannels(
      matrices[0], center: center, scale: factors[0], tangent: matrices[1],
      tangentScale: factors[1], gradient: matrices[2], gradientScale: factors[2],
      gradientTangent: matrices[3], gradientTangentScale: factors[3], offset: offset, into: y)
    expectTwin([0, 1, 2, 3])
  }

  @Test("the result may replace any of the activations", arguments: awkwardChannels)
  func inPlace(channels: Int) {
    let (x, g) = (source.random([Self.rows, channels]), source.random([Self.rows, channels]))
    let (a, c) = (source.random([channels]), source.random([channels]))
    let y = source.unset(x.shape)
    combineChannels(x, center: a, scale: c, g, gradientScale: a, offset: c, into: y)
    let xInPlace = source.copy(x)
    combineChannels(
      xInPlace, center: a, scale: c, g, gradientScale: a, offset: c, into: xInPlace)
    combineChannels(x, center: a, scale: c, g, gradientScale: a, offset: c, into: g)
    #expect(largestDifference(xInPlace, y) == 0)
    #expect(largestDifference(g, y) == 0)
  }

  @Test("a bias is added to every row", arguments: awkwardChannels)
  func bias(channels: Int) {
    let bias = source.random([channels])
    let before = source.random([2, 3, 1, channels])
    let y = source.copy(before)
    addBias(bias, to: y)
    #expect(largestDifference(y) { Double(before[$0] + bias[$0 % channels]) } == 0)
  }
}
