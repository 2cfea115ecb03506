import Kernels
import Tensors
import Testing

@Suite struct WinogradConvolutionTests {
  let source = TensorSource()

  /// Largest error over largest value: float32 sums, and transforms that add values of both signs.
  static let tolerance = 5e-6
  /// Those to which it applies.
  static let exactPrecisions = [Precision.float32, .bfloat16x3]

  struct Case: CustomTestStringConvertible, Sendable {
    let geometry: ConvolutionGeometry
    let samples: Int
    var precision: Precision

    init(
      _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, stride: Int = 1, samples: Int,
      precision: Precision = .float32
    ) {
      self.precision = precision
      geometry = ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: inputs, outputChannels: outputs,
        kernelHeight: 3, kernelWidth: 3, stride: stride, padding: 1)
      self.samples = samples
    }

    var testDescription: String {
      "\(samples)×\(geometry.inputHeight)×\(geometry.inputWidth)×\(geometry.inputChannels) to "
        + "\(geometry.outputChannels), stride \(geometry.stride), \(precision)"
    }

    func inPrecision(_ precision: Precision) -> Case {
      var changed = self
      changed.precision = precision
      return changed
    }
  }

  /// Layers of a ResNet-18, with fewer channels on one side for the twin's sake; sizes that leave
  /// rests in tiles, vectors and panels; more tiles than a run.
  static let cases = exactPrecisions.flatMap { precision in
    (unstrided + strided).map { $0.inPrecision(precision) }
  }

  static let unstrided: [Case] =
    [
      Case(32, 32, 64, 8, samples: 1), Case(16, 16, 16, 128, samples: 1),
      Case(8, 8, 256, 32, samples: 1), Case(4, 4, 64, 512, samples: 1),
      Case(9, 10, 3, 20, samples: 17), Case(4, 8, 33, 47, samples: 9),
    ]
    + [1, 3, 5, 20].flatMap { channels in
      [
        Case(5, 7, channels, 5, samples: 3), Case(1, 1, channels, 20, samples: 2),
        Case(3, 3, channels, 3, samples: 3), Case(6, 4, channels, 1, samples: 2),
        Case(2, 2, channels, 20, samples: 3), Case(1, 2, channels, 3, samples: 2),
        Case(2, 1, channels, 5, samples: 2),
      ]
    } + [Case(2, 2, 64, 128, samples: 3), Case(2, 2, 33, 47, samples: 150)]

  /// Products with even and odd extents, whose last row of tiles reaches past the image or ends
  /// with it.
  static let strided: [Case] =
    [
      Case(32, 32, 16, 32, stride: 2, samples: 1), Case(16, 16, 128, 16, stride: 2, samples: 1),
      Case(8, 8, 64, 512, stride: 2, samples: 1), Case(15, 17, 3, 20, stride: 2, samples: 33),
    ]
    + [1, 20].flatMap { channels in
      [
        Case(5, 8, channels, 5, stride: 2, samples: 3),
        Case(1, 2, channels, 20, stride: 2, samples: 2),
        Case(9, 6, channels, 33, stride: 2, samples: 2),
      ]
    }

  @Test(
    "forward pass, data gradient and weight gradient are those of the direct convolution",
    arguments: cases)
  func agreesWithDirect(test: Case) {
    let passes = Passes(test, source)
    let (x, weight, y) = (passes.x, passes.weight, passes.y)
    let expected = (
      y: source.unset(y.shape), x: source.unset(x.shape), weight: source.unset(weight.shape)
    )
    directConvolution(x, weight, test.geometry, into: expected.y)
    directConvolutionAdjoint(y, weight, test.geometry, into: expected.x)
    directConvolutionWeightGradient(x, y, test.geometry, into: expected.weight)
    let gradients = passes.gradients(x, y)
    let errors = (
      y: relativeError(passes.forward(x), expected.y),
      x: relativeError(passes.backward(y), expected.x),
      weight: relativeError(
        passes.weightGradient(passes.transformedGradient(x, y)), expected.weight)
    )
    #expect(errors.y <= Self.tolerance && errors.x <= Self.tolerance, "\(errors)")
    #expect(errors.weight <= Self.tolerance, "\(errors)")
    #expect(relativeError(gradients.x, expected.x) <= Self.tolerance)
    #expect(
      relativeError(passes.weightGradient(gradients.weight), expected.weight) <= Self.tolerance)
  }

  @Test("the passes are adjoint to each other", arguments: cases)
  func adjoint(test: Case) {
    let passes = Passes(test, source)
    let forward = dot(passes.forward(passes.x), passes.y)
    let scale =
      (sumOfSquares(passes.forward(passes.x)) * sumOfSquares(passes.y)).squareRoot()
    let backward = dot(passes.x, passes.backward(passes.y))
    let gradient = passes.weightGradient(passes.transformedGradient(passes.x, passes.y))
    #expect(abs(forward - backward) <= Self.tolerance * scale, "\(forward) and \(backward)")
    #expect(abs(forward - dot(passes.weight, gradient)) <= Self.tolerance * scale)
  }

  @Test(
    "a sample's output and gradient do not depend on the other samples, to the bit",
    arguments: [1, 2], exactPrecisions)
  func samplesAreIndependent(stride: Int, precision: Precision) {
    let test = Case(13, 9, 20, 40, stride: stride, samples: 23, precision: precision)
    let passes = Passes(test, source)
    let (y, x) = (passes.forward(passes.x), passes.backward(passes.y))
    for range in [0..<1, 1..<4, 22..<23] {
      #expect(isEqual(passes.forward(passes.x.slice(range)), y.slice(range)))
      #expect(isEqual(passes.backward(passes.y.slice(range)), x.slice(range)))
    }
  }

  @Test(
    "the two-dimensional transforms give the correlation of an image of 2×2",
    arguments: exactPrecisions)
  func smallSamplesAreIndependent(precision: Precision) {
    let passes = Passes(Case(2, 2, 20, 40, samples: 23, precision: precision), source)
    let (y, x) = (passes.forward(passes.x), passes.backward(passes.y))
    #expect(isEqual(passes.forward(passes.x.slice(5..<8)), y.slice(5..<8)))
    #expect(isEqual(passes.backward(passes.y.slice(5..<8)), x.slice(5..<8)))
  }

  @Test(
    "one transform of y serves both gradients, and gives the same bits", arguments: [1, 2],
    exactPrecisions)
  func gradientsTogether(stride: Int, precision: Precision) {
    let passes = Passes(
      Case(9, 10, 7, 33, stride: stride, samples: 17, precision: precision), source)
    let both = passes.gradients(passes.x, passes.y)
    #expect(isEqual(both.x, passes.backward(passes.y)))
    let alone = passes.transformedGradient(passes.x, passes.y)
    #expect(isEqual(passes.weightGradient(both.weight), passes.weightGradient(alone)))
  }

  @Test(
    "a gradient by x can be added to the previous contents", arguments: [1, 2], exactPrecisions)
  func accumulation(stride: Int, precision: Precision) {
    let passes = Passes(
      Case(9, 10, 7, 33, stride: stride, samples: 3, precision: precision), source)
    let alone = passes.backward(passes.y)
    let sum = source.copy(passes.x)
    passes.convolution.backward(
      passes.y, transposedWeight: passes.transposed, scratch: passes.scratch, .add, into: sum)
    let difference = largestDifference(sum) { Double(alone[$0]) + Double(passes.x[$0]) }
    #expect(difference <= Self.tolerance * largestMagnitude(alone))
  }

  @Test(
    "the gradient tangent is the sum of its products", arguments: [1, 2],
    exactPrecisions)
  func gradientTangent(stride: Int, precision: Precision) {
    let passes = Passes(
      Case(9, 10, 7, 33, stride: stride, samples: 5, precision: precision), source)
    let (tangent, gradientTangent) = (
      source.random(passes.x.shape), source.random(passes.y.shape)
    )
    let (x, found) = (
      source.unset(passes.x.shape), source.unset(passes.convolution.transformedGradientShape)
    )
    passes.convolution.addWeightGradient(
      passes.x, tangent: tangent, gradient: passes.y, gradientTangent: gradientTangent,
      weights: (0.5, 3), previous: 0,
      transpose: WinogradConvolution.Transpose(
        weight: .transformed(passes.transposed), accumulation: .replace, gradient: x),
      scratch: passes.scratch, into: found)
    let parts = [(passes.x, passes.y, 0.5), (tangent, passes.y, 3), (passes.x, gradientTangent, 3)]
      .map { (passes.weightGradient(passes.transformedGradient($0, $1)), $2) }
    let difference = largestDifference(passes.weightGradient(found)) { index in
      parts.reduce(0) { $0 + $1.1 * Double($1.0[index]) }
    }
    #expect(difference <= 6.5 * Self.tolerance * largestMagnitude(parts[0].0))
    #expect(isEqual(x, passes.backward(gradientTangent)))
  }

  @Test(
    "weight gradients of blocks add up, scaled, to the previous gradient", arguments: [1, 2],
    exactPrecisions)
  func gradientsAccumulate(stride: Int, precision: Precision) {
    let passes = Passes(Case(5, 7, 5, 20, stride: stride, samples: 5, precision: precision), source)
    let whole = passes.weightGradient(passes.transformedGradient(passes.x, passes.y))
    let sum = source.unset(passes.convolution.transformedGradientShape)
    for (range, previous) in [(0..<2, Float(0)), (2..<3, 1), (3..<5, 1)] {
      passes.convolution.addWeightGradient(
        passes.x.slice(range), passes.y.slice(range), scale: 0.5, previous: previous,
        scratch: passes.scratch, into: sum)
    }
    let gradient = source.copy(whole)
    passes.convolution.weightGradient(from: sum, scale: 4, previous: -0.5, into: gradient)
    let difference = largestDifference(gradient) { 1.5 * Double(whole[$0]) }
    #expect(difference <= 2 * Self.tolerance * largestMagnitude(whole))
  }

  @Test("no samples give no output, and a gradient of zero or the previous gradient")
  func empty() {
    let passes = Passes(Case(5, 7, 3, 5, samples: 0), source)
    #expect(passes.forward(passes.x).count == 0 && passes.backward(passes.y).count == 0)
    let gradient = passes.transformedGradient(passes.x, passes.y)
    #expect(passes.weightGradient(gradient).buffer.allSatisfy { $0 == 0 })
    gradient.fill(3)
    passes.convolution.addWeightGradient(
      passes.x, passes.y, scale: 1, previous: 0.5, scratch: passes.scratch, into: gradient)
    let expected = source.filled(gradient.shape) { _ in 1.5 }
    #expect(isEqual(passes.weightGradient(gradient), passes.weightGradient(expected)))
  }

  @Test(
    "the transforms are those of the twin, frequency by frequency",
    arguments: WinogradReference.Form.allCases)
  func transforms(form: WinogradReference.Form) {
    let reference = WinogradReference(form)
    let (extent, outputs) = (reference.input.count, reference.output.count)
    let side = outputs * form.stride
    let passes = Passes(Case(side, side, 1, 1, stride: form.stride, samples: 1), source)
    let image = matrix(extent) { i, j in
      1...side ~= i && 1...side ~= j ? passes.x[side * (i - 1) + j - 1] : 0
    }
    let taps = matrix(3) { i, j in passes.weight[3 * i + j] }
    let v = WinogradReference.transform(image, by: reference.input)
    let u = WinogradReference.transform(taps, by: reference.weight)
    let floats = passes.convolution.transformedWeightShape[1]
    let transformed = passes.transformed
    let along = reference.weight.count
    for frequency in 0..<along * along {
      let (row, column) = (frequency / along, frequency % along)
      #expect(abs(Double(transformed[frequency * floats]) - u[row][column]) < Self.tolerance)
      let products = (0..<extent).map { i in
        (0..<extent).map { j in
          (reference.frequencies[i], reference.frequencies[j]) == (row, column) ? v[i][j] : 0
        }
      }
      let expected = WinogradReference.transform(products, by: reference.output)
      let only = source.filled(passes.convolution.transformedWeightShape) {
        $0 == frequency * floats ? 1 : 0
      }
      let y = source.unset(passes.y.shape)
      passes.convolution.forward(
        passes.x, transformedWeight: only, scratch: passes.scratch, into: y)
      // Values of up to 8 · 8 times a transformed input of up to 50.
      let difference = largestDifference(y) { expected[$0 / outputs][$0 % outputs] }
      #expect(difference < 64 * 50 * 1e-7, "frequency \(frequency)")
    }
  }

  @Test("the algorithm applies to 3×3 kernels at stride 1 or 2 with padding 1")
  func applies() {
    func applies(_ kernel: Int, _ stride: Int, _ padding: Int) -> Bool {
      WinogradConvolution.applies(
        to: ConvolutionGeometry(
          inputHeight: 6, inputWidth: 6, inputChannels: 2, outputChannels: 2,
          kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: padding))
    }
    #expect(applies(3, 1, 1) && applies(3, 2, 1))
    #expect(!applies(3, 3, 1) && !applies(3, 1, 0) && !applies(1, 1, 1) && !applies(5, 1, 1))
  }

  @Test("it is profitable from 16 channels on, except for narrow and small strided images")
  func pays() {
    #expect(WinogradConvolution.isProfitable(for: Case(3, 4, 16, 16, samples: 1).geometry))
    #expect(
      WinogradConvolution.isProfitable(for: Case(8, 8, 64, 64, stride: 2, samples: 1).geometry))
    #expect(WinogradConvolution.isProfitable(for: Case(2, 2, 16, 16, samples: 1).geometry))
    #expect(!WinogradConvolution.isProfitable(for: Case(1, 1, 16, 16, samples: 1).geometry))
    #expect(!WinogradConvolution.isProfitable(for: Case(2, 9, 16, 16, samples: 1).geometry))
    #expect(
      !WinogradConvolution.isProfitable(for: Case(4, 4, 16, 16, stride: 2, samples: 1).geometry))
    #expect(!WinogradConvolution.isProfitable(for: Case(32, 32, 3, 64, samples: 1).geometry))
    #expect(!WinogradConvolution.isProfitable(for: Case(32, 32, 64, 15, samples: 1).geometry))
  }

  @Test(
    "panels of a plain weight give the transformed weight's results, to the bit", arguments: cases)
  func panels(test: Case) {
    let passes = Passes(test, source)
    let panel = source.unset(passes.convolution.panelShape)
    let plain = WinogradConvolution.Weight.plain(passes.weight, panel: panel)
    let (y, x) = (source.unset(passes.y.shape), source.unset(passes.x.shape))
    passes.convolution.forward(passes.x, weight: plain, scratch: passes.scratch, into: y)
    passes.convolution.backward(passes.y, weight: plain, scratch: passes.scratch, into: x)
    #expect(isEqual(y, passes.forward(passes.x)))
    #expect(isEqual(x, passes.backward(passes.y)))
  }

  private func matrix(_ extent: Int, _ element: (Int, Int) -> Float) -> [[Double]] {
    (0..<extent).map { i in (0..<extent).map { j in Double(element(i, j)) } }
  }

  private func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
    largestDifference(a, b) / largestMagnitude(b)
  }

  private func largestMagnitude(_ tensor: Tensor) -> Double {
    largestDifference(tensor) { _ in 0 }
  }

  private func isEqual(_ a: Tensor, _ b: Tensor) -> Bool {
    a.shape == b.shape && a.buffer.elementsEqual(b.buffer)
  }
}

/// One convolution with random operands, and its passes with outputs that were unset before.
private struct Passes {
  let convolution: WinogradConvolution
  let source: TensorSource
  let x: Tensor
  let y: Tensor
  let weight: Tensor
  let scratch: Tensor
  let transformed: Tensor
  let transposed: Tensor

  init(_ test: WinogradConvolutionTests.Case, _ source: TensorSource) {
    self.source = source
    convolution = WinogradConvolution(
      test.geometry, samples: test.samples, precision: test.precision)
    x = source.random(test.geometry.inputShape(samples: test.samples))
    y = source.random(test.geometry.outputShape(samples: test.samples))
    weight = source.random(test.geometry.weightShape)
    scratch = source.unset(convolution.scratchShape)
    transformed = source.unset(convolution.transformedWeightShape)
    transposed = source.unset(convolution.transposedWeightShape)
    convolution.transformWeight(weight, into: transformed)
    convolution.transformTransposedWeight(weight, into: transposed)
  }

  func forward(_ x: Tensor) -> Tensor {
    let y = source.unset(convolution.geometry.outputShape(samples: x.shape.samples))
    convolution.forward(x, transformedWeight: transformed, scratch: scratch, into: y)
    return y
  }

  func backward(_ y: Tensor) -> Tensor {
    let x = source.unset(convolution.geometry.inputShape(samples: y.shape.samples))
    convolution.backward(y, transposedWeight: transposed, scratch: scratch, into: x)
    return x
  }

  func transformedGradient(_ x: Tensor, _ y: Tensor) -> Tensor {
    let gradient = source.unset(convolution.transformedGradientShape)
    convolution.addWeightGradient(x, y, scale: 1, previous: 0, scratch: scratch, into: gradient)
    return gradient
  }

  func weightGradient(_ transformedGradient: Tensor) -> Tensor {
    let gradient = source.unset(weight.shape)
    convolution.weightGradient(from: transformedGradient, into: gradient)
    return gradient
  }

  func gradients(_ x: Tensor, _ y: Tensor) -> (x: Tensor, weight: Tensor) {
    let gradient = source.unset(x.shape)
    let transformedGradient = source.unset(convolution.transformedGradientShape)
    let transpose = WinogradConvolution.Transpose(
      weight: .transformed(transposed), accumulation: .replace, gradient: gradient)
    convolution.addWeightGradient(
      x, y, scale: 1, previous: 0, transpose: transpose, scratch: scratch,
      into: transformedGradient)
    return (gradient, transformedGradient)
  }
}
