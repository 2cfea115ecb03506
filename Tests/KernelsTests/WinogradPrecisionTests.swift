import CKernels
import Kernels
import Tensors
import Testing

@Suite struct WinogradPrecisionTests {
  let source = TensorSource()

  static let geometries = [(1, 9, 10), (2, 9, 10), (1, 2, 2)].flatMap { stride, height, width in
    [(16, 16), (33, 47), (5, 20), (1, 1)].map { channels in
      ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: channels.0,
        outputChannels: channels.1,
        kernelHeight: 3, kernelWidth: 3, stride: stride, padding: 1)
    }
  }

  @Test("bfloat16 passes are those of float32 up to the rounding of factors", arguments: geometries)
  func error(geometry: ConvolutionGeometry) {
    let operands = Operands(geometry, samples: 5, source)
    let exact = passes(operands, .float32)
    let rounded = passes(operands, .bfloat16)
    for (name, (expected, found)) in zip(["y", "x", "weight"], zip(exact, rounded)) {
      // Two roundings of at most 2⁻⁹, which the transforms amplify about fivefold.
      let error = (squaredDistance(found, expected) / sumOfSquares(expected)).squareRoot()
      #expect(error < 10 * 0x1p-9 && error > 0x1p-11, "\(name): \(error)")
    }
  }

  @Test("factors that bfloat16 holds exactly give float32's products", arguments: [1, 2])
  func exactFactors(stride: Int) {
    let pairs: [Float] = [1, -2, 0.5, 3, 96, -0.0078125, 7, 1.5]
    let tiles = 7
    let pitch = 16
    let columns = 32
    let frequencyStride = pitch / 2 * columns
    let coefficients = stride == 1 ? 36 : 81
    var products = CKWinogradProducts(
      form: stride == 1 ? .stride1 : .stride2, tiles: tiles, inputs: 13, outputs: columns,
      inputPitch: pitch,
      inputCoefficientStride: tiles * pitch, outputPitch: columns,
      outputCoefficientStride: tiles * columns, panelFrequencyStride: frequencyStride)
    let input = (0..<coefficients * tiles * pitch).map {
      $0 % pitch < 13 ? pairs[$0 % pairs.count] : 0
    }
    let weight = (0..<36 * 13 * columns).map { pairs[($0 * 5 + $0 / columns) % pairs.count] }
    var output = [Float](repeating: .nan, count: coefficients * tiles * columns)
    let words = (0..<36 * frequencyStride).map { place -> UInt32 in
      let (f, row, column) = (
        place / frequencyStride, place % frequencyStride / columns, place % columns
      )
      func bits(_ row: Int) -> UInt32 {
        row < 13 ? weight[(f * 13 + row) * columns + column].bitPattern : 0
      }
      return bits(2 * row) >> 16 | (bits(2 * row + 1) & 0xffff_0000)
    }
    ck_winograd_multiply_bf16(
      &products, 1, input.map { UInt16($0.bitPattern >> 16) }, words, &output)
    for coefficient in 0..<coefficients {
      let frequency = self.frequency(coefficient, stride: stride)
      for tile in 0..<tiles {
        for column in 0..<columns {
          let expected = (0..<13).reduce(Double(0)) { sum, row in
            sum + Double(input[(coefficient * tiles + tile) * pitch + row])
              * Double(weight[(frequency * 13 + row) * columns + column])
          }
          let found = output[(coefficient * tiles + tile) * columns + column]
          #expect(abs(Double(found) - expected) <= 1e-6 * max(1, abs(expected)))
        }
      }
    }
  }

  @Test("rounding is to the nearest, ties to even, and keeps infinities and NaN")
  func rounding() {
    let values: [Float] = [
      1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1p-8 + 0x1p-20, -1 - 0x1p-9, .infinity, -.infinity, .nan,
      Float(bitPattern: 0x7fff_ffff), .greatestFiniteMagnitude, 0, -0.0,
    ]
    let expected: [Float] = [
      1, 1 + 0x1p-6, 1 + 0x1p-7, -1, .infinity, -.infinity, .nan, .nan, .infinity, 0, -0.0,
    ]
    var tiles = CKWinogradTiles(
      form: .stride2, height: 1, width: 1, channels: values.count, rows: 1, columns: 1,
      firstTile: 0,
      tiles: 1, pitch: 16, coefficientStride: 16)
    var found = [UInt16](repeating: 0, count: 81 * 16)
    // The only pixel is (1, 1) of the padded tile, which stays as it is in coefficient (5, 5).
    ck_winograd_input_bf16(&tiles, 1, values, &found)
    for (index, expected) in expected.enumerated() {
      let value = Float(bitPattern: UInt32(found[50 * 16 + index]) << 16)
      #expect(value.isNaN == expected.isNaN && (expected.isNaN || value == expected), "\(index)")
      #expect(value.isNaN || value.sign == expected.sign)
    }
  }

  @Test("each of the six products of three parts is made", arguments: partProducts)
  func partProduct(a: Float, b: Float, product: Float) {
    var products = CKWinogradProducts(
      form: .twoByTwo, tiles: 1, inputs: 1, outputs: 16, inputPitch: 16,
      inputCoefficientStride: 16, outputPitch: 16, outputCoefficientStride: 16,
      panelFrequencyStride: 8 * 16)
    var input = [UInt16](repeating: 0, count: 3 * 9 * 16)
    var panels = [UInt32](repeating: 0, count: 3 * 9 * 8 * 16)
    for place in 0..<9 {
      for (part, (left, right)) in zip(parts(a), parts(b)).enumerated() {
        input[(part * 9 + place) * 16] = left
        panels[(part * 9 + place) * 8 * 16] = UInt32(right)
      }
    }
    var output = [Float](repeating: .nan, count: 9 * 16)
    ck_winograd_multiply_bf16(&products, 3, input, panels, &output)
    for place in 0..<9 { #expect(output[place * 16] == product) }
  }

  /// Each is right only if a certain product of parts is made, and exact in a float32.
  static let partProducts: [(Float, Float, Float)] = [
    (1.5, 1.5, 2.25), (1, 1 + 0x1p-10, 1 + 0x1p-10), (1 + 0x1p-10, 1, 1 + 0x1p-10),
    (1 + 0x1p-10, 1 + 0x1p-10, 1 + 0x1p-9 + 0x1p-20), (1, third, third), (third, 1, third),
  ]
  /// Numbers whose three bfloat16 parts are not zero.
  static let third: Float = 1 + 0x1p-10 + 0x1p-20

  private func parts(_ value: Float) -> [UInt16] {
    var left = value
    return (0..<3).map { _ in
      let bits = left.bitPattern
      let rounded = (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000
      left -= Float(bitPattern: rounded)
      return UInt16(rounded >> 16)
    }
  }

  @Test("three parts hold a float to the last bit, each rounded to the nearest")
  func parts() {
    let values: [Float] = [1.1, -3.3e5, .pi, 1 / 3, 0x1.fffffep-20, 7, -0.0, 0x1.000002p100]
    var tiles = CKWinogradTiles(
      form: .stride2, height: 1, width: 1, channels: values.count, rows: 1, columns: 1,
      firstTile: 0,
      tiles: 1, pitch: 16, coefficientStride: 16)
    var found = [UInt16](repeating: 0, count: 3 * 81 * 16)
    ck_winograd_input_bf16(&tiles, 3, values, &found)
    for (index, value) in values.enumerated() {
      let parts = (0..<3).map { part in
        Float(bitPattern: UInt32(found[(part * 81 + 50) * 16 + index]) << 16)
      }
      #expect(parts[0] + (parts[1] + parts[2]) == value, "\(parts)")
      #expect(abs(parts[1]) <= abs(parts[0]) * 0x1p-8 && abs(parts[2]) <= abs(parts[1]) * 0x1p-8)
    }
  }

  @Test("infinities, NaN and numbers that round to infinity give no finite sum")
  func partsWithoutFiniteSum() {
    for value in [Float.infinity, -.infinity, .nan, .greatestFiniteMagnitude] {
      var tiles = CKWinogradTiles(
        form: .stride2, height: 1, width: 1, channels: 1, rows: 1, columns: 1, firstTile: 0,
        tiles: 1, pitch: 16, coefficientStride: 16)
      var found = [UInt16](repeating: 0, count: 3 * 81 * 16)
      ck_winograd_input_bf16(&tiles, 3, [value], &found)
      let sum = (0..<3).reduce(Float(0)) {
        $0 + Float(bitPattern: UInt32(found[($1 * 81 + 50) * 16]) << 16)
      }
      #expect(!sum.isFinite)
    }
  }

  @Test("a sample's output and gradient do not depend on the other samples, to the bit")
  func samplesAreIndependent() {
    let geometry = Self.geometries[1]
    let convolution = WinogradConvolution(geometry, samples: 23, precision: .bfloat16)
    let (x, y) = (
      source.random(geometry.inputShape(samples: 23)),
      source.random(geometry.outputShape(samples: 23))
    )
    let weight = source.random(geometry.weightShape)
    let scratch = source.unset(convolution.scratchShape)
    let transformed = source.unset(convolution.transformedWeightShape)
    let transposed = source.unset(convolution.transposedWeightShape)
    convolution.transformWeight(weight, into: transformed)
    convolution.transformTransposedWeight(weight, into: transposed)
    func results(_ range: Range<Int>) -> [Tensor] {
      let (output, gradient) = (
        source.unset(geometry.outputShape(samples: range.count)),
        source.unset(geometry.inputShape(samples: range.count))
      )
      convolution.forward(
        x.slice(range), transformedWeight: transformed, scratch: scratch, into: output)
      convolution.backward(
        y.slice(range), transposedWeight: transposed, scratch: scratch, into: gradient)
      return [output, gradient]
    }
    let all = results(0..<23)
    for range in [0..<1, 1..<4, 22..<23] {
      for (part, whole) in zip(results(range), all) {
        #expect(part.buffer.elementsEqual(whole.slice(range).buffer))
      }
    }
  }

  private struct Operands {
    let geometry: ConvolutionGeometry
    let samples: Int
    let x: Tensor
    let y: Tensor
    let weight: Tensor

    init(_ geometry: ConvolutionGeometry, samples: Int, _ source: TensorSource) {
      self.geometry = geometry
      self.samples = samples
      x = source.random(geometry.inputShape(samples: samples))
      y = source.random(geometry.outputShape(samples: samples))
      weight = source.random(geometry.weightShape)
    }
  }

  /// y, the gradient by x and that by the weight.
  private func passes(_ operands: Operands, _ precision: Precision) -> [Tensor] {
    let convolution = WinogradConvolution(
      operands.geometry, samples: operands.samples, precision: precision)
    let (x, y, weight) = (operands.x, operands.y, operands.weight)
    let scratch = source.unset(convolution.scratchShape)
    let transformed = source.unset(convolution.transformedWeightShape)
    let transposed = source.unset(convolution.transposedWeightShape)
    convolution.transformWeight(weight, into: transformed)
    convolution.transformTransposedWeight(weight, into: transposed)
    let (output, inputGradient) = (source.unset(y.shape), source.unset(x.shape))
    let sums = source.unset(convolution.transformedGradientShape)
    let weightGradient = source.unset(weight.shape)
    convolution.forward(x, transformedWeight: transformed, scratch: scratch, into: output)
    convolution.addWeightGradient(
      x, y, scale: 1, previous: 0,
      transpose: WinogradConvolution.Transpose(
        weight: .transformed(transposed), accumulation: .replace, gradient: inputGradient),
      scratch: scratch, into: sums)
    convolution.weightGradient(from: sums, into: weightGradient)
    return [output, inputGradient, weightGradient]
  }

  private func frequency(_ coefficient: Int, stride: Int) -> Int {
    let extent = 3 + 3 * stride
    return min(coefficient / extent, 5) * 6 + min(coefficient % extent, 5)
  }

  private func squaredDistance(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.buffer, b.buffer).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
  }
}
