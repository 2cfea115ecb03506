import CKernels
import Failures
import Tensors

/// 3×3 convolution at stride 1 or 2 with padding 1, by Winograd's minimal filtering.
///
/// Per tile of the input, which gives a 4×4 tile of the output, and per pair of channels: y =
/// Aᵀ[(G·w·Gᵀ) ⊙ (Bᵀ·x·B)]A. At stride 1, tiles are 6×6 and 36 products do for 144, F(4×4, 3×3). At
/// stride 2, tiles are 9×9; along each axis the even inputs meet two taps, F(4, 2), and the odd
/// ones one, so that 81 products do for 144. An image of 2×2 at stride 1 is one tile, for which 9
/// products do for the 16 that are not with padding. Summed over input channels these are matrix
/// products [tiles, I]·[I, O], one for each coefficient of a tile. The backward passes are the
/// exact adjoints of that. Tiles are taken in runs.
///
/// At bfloat16 the transforms are computed in float32 and their results rounded, by up to 2⁻⁹ of a
/// value. What follows amplifies that: the error is about 1 % of the result's root mean square,
/// five times that of a direct convolution of rounded x and w. At ``Precision/bfloat16x3`` no bit
/// of a transform is lost.
///
/// An element of y, or of the data gradient, depends on its sample alone, to the bit: not on how
/// samples are cut into calls. A weight gradient depends on the samples of its call alone, if they
/// are no more than the initializer was told.
///
/// The plain twins are `directConvolution` and, for the transforms, ``WinogradReference``.
///
/// Largest error over largest value in float32, for 64 channels at 32² to 512 at 4²: 1e-6 to 4e-6.
/// Milliseconds of one core for 64 samples at stride 1, before transforms asked for memory ahead
/// (forward at 32² takes a fifth less since), forward / data gradient / weight gradient, against
/// lowering and multiplying, on an AMD EPYC of family 26 with AVX-512, medians of interleaved runs:
/// - 64 channels at 32²: 9.5 / 9.4 / 10.1 against 29 / 27 / 30
/// - 128 at 16²: 7.5 / 7.7 / 8.3 against 26 / 25 / 25
/// - 256 at 8²: 7.4 / 7.9 / 9.4 against 29 / 30 / 25
/// - 512 at 4²: 7.6 / 8.5 / 9.1 against 58 / 54 / 26, and 1.9 / 3.0 for the weights' transforms
public struct WinogradConvolution: Hashable, Sendable {
  public let geometry: ConvolutionGeometry
  public let precision: Precision
  let layout: WinogradLayout

  /// Whether this is how a convolution can be computed.
  public static func applies(to geometry: ConvolutionGeometry) -> Bool {
    geometry.kernelHeight == 3 && geometry.kernelWidth == 3 && 1...2 ~= geometry.stride
      && geometry.padding == 1
  }

  /// Whether this is also faster than lowering and multiplying.
  ///
  /// Fewer channels leave lanes empty (8 to 8 at 32²: 0.7 times as fast), and of narrow or strided
  /// images most of a tile lies outside.
  public static func isProfitable(for geometry: ConvolutionGeometry) -> Bool {
    applies(to: geometry)
      && min(geometry.inputChannels, geometry.outputChannels) >= Int(CKWinogradLanes)
      && (min(geometry.outputHeight, geometry.outputWidth) >= 3
        || geometry.stride == 1 && (geometry.outputHeight, geometry.outputWidth) == (2, 2))
  }

  /// - Parameter samples: the most that one call will take. Calls with more are legal; the
  ///   scratch, and so the runs, are no larger than this many need.
  public init(_ geometry: ConvolutionGeometry, samples: Int, precision: Precision = .float32) {
    require(
      WinogradConvolution.applies(to: geometry),
      "Winograd's convolution is for 3×3 kernels at stride 1 or 2 with padding 1, not \(geometry)")
    self.geometry = geometry
    self.precision = precision
    layout = WinogradLayout(geometry, samples: samples, precision: precision)
  }

  /// [F, floats] for F frequencies, 36 or 9: a weight in their domain; at bfloat16 a float's memory
  /// holds two, and there are F rows for each part.
  public var transformedWeightShape: Shape {
    Shape(rows: layout.weightRows, columns: layout.weightStride)
  }

  /// The same with the channels exchanged, which is what backward reads.
  public var transposedWeightShape: Shape {
    Shape(rows: layout.weightRows, columns: layout.transposedStride)
  }

  /// [F, floats]: the gradient by a transformed weight.
  public var transformedGradientShape: Shape {
    Shape(rows: layout.frequencies, columns: layout.gradientStride)
  }

  /// What every pass needs besides its arguments; nothing in it survives a pass.
  public var scratchShape: Shape { Shape(length: layout.scratchFloats) }

  /// transformed ← G·w·Gᵀ of the weight [3, 3, I, O], for
  /// ``forward(_:transformedWeight:scratch:into:)``.
  public func transformWeight(_ weight: Tensor, into transformed: Tensor) {
    requireWeight(weight)
    requireTransformed(transformed)
    transformWeight(weight, layout.outputs, to: transformed)
  }

  /// transposed ← G·w·Gᵀ of the weight [3, 3, I, O] with I and O exchanged, for the backward
  /// passes.
  public func transformTransposedWeight(_ weight: Tensor, into transposed: Tensor) {
    requireWeight(weight)
    requireTransposed(transposed)
    transformTransposedWeight(weight, layout.inputs, to: transposed)
  }

  /// gradient [3, 3, I, O] ← scale·Gᵀ·u·G + previous·gradient, u the gradient by the transformed
  /// weight.
  ///
  /// With `previous` 0, gradient is only written.
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

  /// A weight as a pass reads it.
  public enum Weight {
    /// Transformed before, in the direction of the pass.
    case transformed(Tensor)
    /// The weight [3, 3, I, O], of which a pass transforms as many columns at a time into `panel`,
    /// of ``panelShape``, as stay in the cache until they have been multiplied by. The results are
    /// the same.
    ///
    /// Of 64 samples of 512 channels at 4² that takes three quarters of the time of a transform
    /// before the pass and the pass, whose 37 MB go to memory and back; of 128 channels at 16² the
    /// same time.
    case plain(Tensor, panel: Tensor)
  }

  /// Whether a pass whose weight was not transformed before better takes it plain.
  ///
  /// It does if a transformed one would not stay in the cache. Otherwise each run would transform
  /// anew what it could as well find there.
  public var transformsOnTheFly: Bool {
    layout.frequencies * layout.weightStride >= WinogradConvolution.largestCached
  }

  /// 4 MiB of floats: from 128 times 256 channels on.
  private static let largestCached = 1 << 20

  /// What a plain ``Weight`` needs.
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

  /// The same with the transformed weight.
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

  /// The same with the transposed transformed weight.
  public func backward(
    _ y: Tensor, transposedWeight: Tensor, scratch: Tensor,
    _ accumulation: Accumulation = .replace, into x: Tensor
  ) {
    backward(y, weight: .transformed(transposedWeight), scratch: scratch, accumulation, into: x)
  }

  /// What the backward passes need to give x its gradient as well.
  public struct Transpose {
    let weight: Weight
    let accumulation: Accumulation
    let gradient: Tensor

    /// - Parameters:
    ///   - gradient: where the gradient by x goes, of x's shape.
    public init(weight: Weight, accumulation: Accumulation, gradient: Tensor) {
      self.weight = weight
      self.accumulation = accumulation
      self.gradient = gradient
    }
  }

  /// transformedGradient ← scale·(gradient of Σ y·convolution(x)) + previous·transformedGradient,
  /// and with `transpose` the gradient by x, from the same transform of y.
  ///
  /// x [n, H, W, I], y [n, H, W, O]. With `previous` 0, transformedGradient is only written.
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

  /// The same for primal·Σ ȳ·convolution(x) + tangent·Σ (ȳ·convolution(ẋ) + dȳ·convolution(x)).
  ///
  /// `transpose` gives the gradient of Σ dȳ·convolution(x). ȳ meets primal·x + tangent·ẋ and dȳ
  /// meets tangent·x, so a tangent costs one product more, and dȳ is transformed once.
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
