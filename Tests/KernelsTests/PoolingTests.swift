import Kernels
import Tensors
import Testing

@Suite struct PoolingTests {
  let source = TensorSource()

  struct Case: CustomTestStringConvertible, Sendable {
    let height: Int
    let width: Int
    let channels: Int
    let size: Int
    var input: Shape { [2, height, width, channels] }
    var output: Shape { [2, height / size, width / size, channels] }
    var testDescription: String { "\(input) by \(size)" }
  }

  static let cases: [Case] = awkwardChannels.flatMap { channels in
    [
      Case(height: 4, width: 6, channels: channels, size: 2),
      Case(height: 5, width: 7, channels: channels, size: 2),
      Case(height: 7, width: 6, channels: channels, size: 3),
      Case(height: 3, width: 2, channels: channels, size: 1),
    ]
  }

  /// The flat index in x of the first maximum of the window that gives element `index` of y.
  private func firstMaximum(_ x: Tensor, _ example: Case, _ index: Int) -> Int {
    let (shape, channel) = (example.output, index % example.channels)
    let window = index / example.channels
    let (ox, oy) = (window % shape.width, window / shape.width % shape.height)
    let sample = window / (shape.width * shape.height)
    let places = (0..<example.size * example.size).map { position in
      let y = oy * example.size + position / example.size
      let column = ox * example.size + position % example.size
      return ((sample * example.height + y) * example.width + column) * example.channels + channel
    }
    return places.reduce(places[0]) { x[$1] > x[$0] ? $1 : $0 }
  }

  /// Values of a few levels only, so that windows have equal maxima.
  private func levels(_ shape: Shape) -> Tensor {
    let tensor = source.random(shape)
    return source.filled(shape) { tensor[$0].rounded() }
  }

  @Test("a maximum is that of its window, and a gather takes the first", arguments: cases)
  func maximum(_ example: Case) {
    let (x, g) = (levels(example.input), source.random(example.input))
    let y = source.unset(example.output)
    maximumPool(x, size: example.size, into: y)
    #expect(largestDifference(y) { Double(x[firstMaximum(x, example, $0)]) } == 0)
    y.fill(.nan)
    maximumPoolGather(g, x, size: example.size, into: y)
    #expect(largestDifference(y) { Double(g[firstMaximum(x, example, $0)]) } == 0)
  }

  @Test("scattering is the adjoint of gathering", arguments: cases)
  func adjoint(_ example: Case) {
    let (x, g) = (levels(example.input), source.random(example.input))
    let h = source.random(example.output)
    let (gathered, scattered) = (source.unset(example.output), source.unset(example.input))
    maximumPoolGather(g, x, size: example.size, into: gathered)
    maximumPoolScatter(h, x, size: example.size, into: scattered)
    let (left, right) = (dot(gathered, h), dot(g, scattered))
    // The same products, summed in double in another order.
    #expect(abs(left - right) <= 1e-11 * Double(h.count), "\(left) and \(right)")
  }

  @Test("a window that holds NaN gives NaN")
  func notANumber() {
    let y = source.filled([1, 1, 1, 1]) { _ in 0 }
    for place in 0..<4 {
      let x = source.filled([1, 2, 2, 1]) { $0 == place ? .nan : 1 }
      maximumPool(x, size: 2, into: y)
      #expect(y[0].isNaN, "NaN at \(place)")
    }
  }

  @Test("an average is that of its area, and scattering is its adjoint", arguments: cases)
  func average(_ example: Case) {
    let x = source.random(example.input)
    let (y, g) = (
      source.unset([2, 1, 1, example.channels]), source.random([2, 1, 1, example.channels])
    )
    averagePool(x, into: y)
    let area = example.height * example.width
    let difference = largestDifference(y) { index in
      let (sample, channel) = (index / example.channels, index % example.channels)
      let sum = (0..<area).reduce(0.0) {
        $0 + Double(x[(sample * area + $1) * example.channels + channel])
      }
      return sum / Double(area)
    }
    #expect(difference <= 1.2e-7, "one rounding of a value of size ≤ 2")
    let spread = source.unset(example.input)
    averagePoolScatter(g, into: spread)
    // Each element of y and of `spread` is rounded once or twice to 6e-8 of its size.
    #expect(abs(dot(y, g) - dot(x, spread)) <= 1e-6 * Double(y.count))
  }
}
