import CKernels
import Failures
import Tensors

/// 3×3 convolution at stride 1 or 2 with padding 1, by Winograd's minimal filtering.
///
/// For each pair of channels, a tile of the input gives a 4×4 tile of the output: y = Aᵀ[(G·w·Gᵀ) ⊙
/// (Bᵀ·x·B)]A.
/// - Stride 1: tiles of 6×6, with 36 products instead of 144, F(4×4, 3×3).
/// - Stride 2: tiles of 9×9, with 81 products instead of 144. Along each axis the even inputs meet
///   two taps, F(4, 2), and the odd ones one.
/// - Stride 1 on images of 2×2: one tile, with 9 products instead of the 16 that do not meet
///   padding.
///
/// Summed over input channels these are matrix products [tiles, I]·[I, O], one for each coefficient
/// of a tile. The backward passes are the exact adjoints. Tiles are processed in runs.
///
/// At bfloat16 the transforms are computed in float32 and rounded, by up to 2⁻⁹ of a value. The
/// later transforms amplify that: the error is about 1 % of the result's root mean square, five
/// times that of a direct convolution of rounded x and w. At ``Precision/bfloat16x3`` no bit of a
/// transform is lost.
///
/// An element of y, or of the data gradient, depends on its sample alone, to the bit: not on how
/// samples are divided into calls. A weight gradient depends on the samples of its call alone, if
/// they are no more than the initializer's `samples`.
///
/// The plain twins are `directConvolution` and, for the transforms, ``WinogradReference``.
///
/// Largest error over largest value in float32, for 64 channels at 32² to 512 at 4²: 1e-6 to 4e-6.
///
/// Milliseconds of one core for 64 samples at stride 1, forward / data gradient / weight gradient,
/// against lowering and multiplying, on an AMD EPYC of family 26 with AVX-512, medians of
/// interleaved runs. Prefetches in the transforms, added later, save another fifth of the forward
/// pass at 32².
/// - 64 channels at 32²: 9.5 / 9.4 / 10.1 against 29 / 27 / 30
/// - 128 at 16²: 7.5 / 7.7 / 8.3 against 26 / 25 / 25
/// - 256 at 8²: 7.4 / 7.9 / 9.4 against 29 / 30 / 25
/// - 512 at 4²: 7.6 / 8.5 / 9.1 against 58 / 54 / 26, and 1.9 / 3.0 for the weights' transforms
public struct WinogradConvolution: Hashable, Sendable {
  public let geometry: ConvolutionGeometry
  public let precision: Precision
  let layout: WinogradLayout

  /// Whether Winograd's algorithm can compute a convolution.
  public static func applies(to geometry: ConvolutionGeometry) -> Bool {
    geometry.kernelHeight == 3 && geometry.kernelWidth == 3 && 1...2 ~= geometry.stride
      && geometry.padding == 1
  }

  /// Whether Winograd's algorithm is faster than lowering and multiplying.
  ///
  /// Fewer channels leave lanes empty (8 to 8 channels at 32² run at 0.7 of the speed). On narrow
  /// or strided images, most of a tile lies outside the image.
  public static func isProfitable(for geometry: ConvolutionGeometry) -> Bool {
    applies(to: geometry)
      && min(geometry.inputChannels, geometry.outputChannels) >= Int(CKWinogradLanes)
      && (min(geometry.outputHeight, geometry.outputWidth) >= 3
        || geometry.stride == 1 && (geometry.outputHeight, geometry.outputWidth) == (2, 2))
  }

  /// - Parameter samples: the largest number of samples of a call, which decides the size of runs
  ///   and scratch. Calls with more samples are legal.
  public init(_ geometry: ConvolutionGeometry, samples: Int, precision: Precision = .float32) {
    require(
      WinogradConvolution.applies(to: geometry),
      "Winograd's convolution is for 3×3 kernels at stride 1 or 2 with padding 1, not \(geometry)")
    self.geometry = geometry
    self.precision = precision
    layout = WinogradLayout(geometry, samples: samples, precision: precision)
  }

  /// [F, floats] for F frequencies, 36 or 9: the shape of a transformed weight.
  ///
  /// At bfloat16 a float's memory holds two numbers, and there are F rows for each part.
  public var transformedWeightShape: Shape {
    Shape(rows: layout.weightRows, columns: layout.weightStride)
  }

  /// The shape of a transformed weight with exchanged channels, which the backward passes read.
  public var transposedWeightShape: Shape {
    Shape(rows: layout.weightRows, columns: layout.transposedStride)
  }

  /// [F, floats]: the shape of the gradient by a transformed weight.
  public var transformedGradientShape: Shape {
    Shape(rows: layout.frequencies, columns: layout.gradientStride)
  }

  /// The scratch of every pass; its contents do not survive a pass.
  public var scratchShape: Shape { Shape(length: layout.scratchFloats) }

  /// transformed ← G·w·Gᵀ of the weight [3, 3, I, O], for
  /// ``forward(_:transformedWeight:scratch:into:)``.
  public func transformWeight(_ weight: Tensor, into transformed: Tensor) {
    requireWeight(weight)
    requireTransformed(transformed)
    transformWeight(weight, layout.outputs, to: transformed)
  }

  /// transposed ← G·w·Gᵀ of the weight [3, 3, I, O] with exchanged I and O, for the backward
  /// passes.
  public func transformTransposedWeight(_ weight: Tensor, into transposed: Tensor) {
    requireWeight(weight)
    requireTransposed(transposed)
    transformTransposedWeight(weight, layout.inputs, to: transposed)
  }

  /// gradient [3, 3, I, O] ← scale·Gᵀ·u·G + previous·gradient, u the gradient by the transformed
  /// weight.
  ///
  /// With `previous` 0, gradient is not read.
  public func weightGradient(
    from transformedGradient: Tensor, scale: Float = 1, previous: Float = 0,
    into gradient: Tensor
  ) {
    requireTransformedGradient(transformedGradient)
    requireWeight(gradient)
    ck_winograd_weight_adjoint(
      layout.form, geometry.inputChannels, geometry.outputChannels, layout.gradientStride,
      transformedGradient.pointer, scale, previous, gradient.pointer)
  }

  /// The weight of a pass.
  public enum Weight {
    /// A weight that was transformed before the pass, for its direction.
    case transformed(Tensor)
    /// The weight [3, 3, I, O]. A pass transforms as many columns at a time into `panel`, of
    /// ``panelShape``, as the cache holds until they have been multiplied. The results are the
    /// same.
    ///
    /// For 64 samples of 512 channels at 4², this takes three quarters of the time of a transform
    /// of 37 MB before the pass; for 128 channels at 16², the same time.
    case plain(Tensor, panel: Tensor)
  }

  /// Whether a pass should transform its weight panel by panel, unless it has been transformed
  /// before.
  ///
  /// True if the cache does not hold the transformed weight. Otherwise each run would repeat the
  /// transform of columns that the cache still holds.
  public var transformsOnTheFly: Bool {
    layout.frequencies * layout.weightStride >= WinogradConvolution.largestCached
  }

  /// 4 MiB of floats: from 128 times 256 channels on.
  private static let largestCached = 1 << 20

  /// The shape of the panel of a plain ``Weight``.
  public var panelShape: Shape {
    Shape(rows: layout.weightRows, columns: max(layout.panelStride, layout.transposedPanelStride))
  }

  /// y [n, H, W, O] ← the convolution of x [n, H, W, I].
  public func forward(_ x: Tensor, weight: Weight, scratch: Tensor, into y: Tensor) {
    let samples = requireActivations(x, y)
    let scratch = parts(of: scratch)
    layout.forEachRun(samples) { run in
      var outputTiles = run.outputTiles
      transformInput(run, x, into: scratch.input)
      switch weight {
      case .transformed(let transformed):
        requireTransformed(transformed)
        multiply(run.products, layout.outputs, scratch.input, transformed, into: scratch.output)
      case .plain(let weight, let panel):
        requirePlain(weight, panel)
        layout.forEachPanel { columns in
          transformWeight(weight, columns, to: panel)
          multiply(run.products, columns, scratch.input, panel, into: scratch.output)
        }
      }
      ck_winograd_output(&outputTiles, scratch.output, y.pointer)
    }
  }

  /// Convolves with a weight that was transformed before.
  public func forward(_ x: Tensor, transformedWeight: Tensor, scratch: Tensor, into y: Tensor) {
    forward(x, weight: .transformed(transformedWeight), scratch: scratch, into: y)
  }

  /// x [n, H, W, I] ← the adjoint of the convolution, applied to y [n, H, W, O].
  public func backward(
    _ y: Tensor, weight: Weight, scratch: Tensor, _ accumulation: Accumulation = .replace,
    into x: Tensor
  ) {
    let samples = requireActivations(x, y)
    let scratch = parts(of: scratch)
    layout.forEachRun(samples) { run in
      transformOutputAdjoint(run, y, into: scratch.output)
      multiplyBack(run, scratch, weight, accumulation, into: x)
    }
  }

  /// Applies the adjoint with a weight that was transformed and transposed before.
  public func backward(
    _ y: Tensor, transposedWeight: Tensor, scratch: Tensor,
    _ accumulation: Accumulation = .replace, into x: Tensor
  ) {
    backward(y, weight: .transformed(transposedWeight), scratch: scratch, accumulation, into: x)
  }

  /// The inputs with which a weight gradient also computes the gradient by x.
  public struct Transpose {
    let weight: Weight
    let accumulation: Accumulation
    let gradient: Tensor

    /// - Parameters:
    /// - gradient: receives the gradient by x, of x's shape.
    public init(weight: Weight, accumulation: Accumulation, gradient: Tensor) {
      self.weight = weight
      self.accumulation = accumulation
      self.gradient = gradient
    }
  }

  /// transformedGradient ← scale·(gradient of Σ y·convolution(x)) + previous·transformedGradient;
  /// with `transpose` also the gradient by x, from the same transform of y.
  ///
  /// x [n, H, W, I], y [n, H, W, O]. With `previous` 0, transformedGradient is not read.
  public func addWeightGradient(
    _ x: Tensor, _ y: Tensor, scale: Float, previous: Float, transpose: Transpose? = nil,
    scratch: Tensor, into transformedGradient: Tensor
  ) {
    let samples = requireActivations(x, y)
    requireTransformedGradient(transformedGradient)
    requireFit(of: transpose, to: x)
    let scratch = parts(of: scratch)
    layout.forEachRun(samples) { run in
      transformOutputAdjoint(run, y, into: scratch.output)
      transformInput(run, x, into: scratch.input)
      addWeightGradient(
        run, scratch, scale: scale, previous: run.isFirst ? previous : 1,
        into: transformedGradient)
      multiplyBack(run, scratch, transpose)
    }
  }

  /// Computes the gradient by the transformed weight of a second backward pass, and with
  /// `transpose` the gradient by x.
  ///
  /// transformedGradient ← previous·transformedGradient + the gradient of primal·Σ ȳ·convolution(x)
  /// + tangent·Σ (ȳ·convolution(ẋ) + dȳ·convolution(x)).
  ///
  /// `transpose` gives the gradient of Σ dȳ·convolution(x). ȳ meets primal·x + tangent·ẋ and dȳ
  /// meets tangent·x, so a tangent costs one more product, and dȳ is transformed once.
  public func addWeightGradient(
    _ x: Tensor, tangent: Tensor, gradient: Tensor, gradientTangent: Tensor,
    weights: (primal: Float, tangent: Float), previous: Float, transpose: Transpose? = nil,
    scratch: Tensor, into transformedGradient: Tensor
  ) {
    let samples = requireActivations(x, gradient)
    _ = requireActivations(tangent, gradientTangent)
    requireTransformedGradient(transformedGradient)
    requireFit(of: transpose, to: x)
    let scratch = parts(of: scratch)
    layout.forEachRun(samples) { run in
      transformOutputAdjoint(run, gradient, into: scratch.output)
      transformInput(
        run, weights.primal, x, weights.tangent, tangent, into: scratch.input)
      addWeightGradient(
        run, scratch, scale: 1, previous: run.isFirst ? previous : 1, into: transformedGradient)
      transformOutputAdjoint(run, gradientTangent, into: scratch.output)
      transformInput(run, x, into: scratch.input)
      addWeightGradient(
        run, scratch, scale: weights.tangent, previous: 1, into: transformedGradient)
      multiplyBack(run, scratch, transpose)
    }
  }

  private func requireFit(of transpose: Transpose?, to x: Tensor) {
    guard let transpose else { return }
    require(
      transpose.gradient.shape == x.shape,
      "a gradient \(transpose.gradient.shape) for an input \(x.shape)")
  }

  private func multiplyBack(_ run: WinogradRun, _ scratch: Scratch, _ transpose: Transpose?) {
    guard let transpose else { return }
    multiplyBack(
      run, scratch, transpose.weight, transpose.accumulation, into: transpose.gradient)
  }

  /// x ← B·(z·uᵀ)·Bᵀ for one run of the transformed outputs z.
  private func multiplyBack(
    _ run: WinogradRun, _ scratch: Scratch, _ weight: Weight,
    _ accumulation: Accumulation, into x: Tensor
  ) {
    var inputTiles = run.inputTiles
    switch weight {
    case .transformed(let transposed):
      requireTransposed(transposed)
      multiply(
        run.transposedProducts, layout.inputs, scratch.output, transposed, into: scratch.input)
    case .plain(let weight, let panel):
      requirePlain(weight, panel)
      layout.forEachTransposedPanel { columns in
        transformTransposedWeight(weight, columns, to: panel)
        multiply(run.transposedProducts, columns, scratch.output, panel, into: scratch.input)
      }
    }
    ck_winograd_input_adjoint(&inputTiles, scratch.input, accumulation == .add, x.pointer)
  }
}
