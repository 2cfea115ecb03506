import Kernels
import Preconditions
import Tensors

/// y[n, i, j, o] = b[o] + Σ x[n, i·s + k − p, j·s + l − p, c]·Ŵ[k, l, c, o]: lowering and one product.
///
/// x is [N, H, W, C], y [N, H′, W′, O], the weight [kh, kw, C, O]. The samples are taken in slices of a
/// fixed size and those in blocks whose lowered patches fit the cache, so what a kernel sees does not
/// depend on how many samples a rank holds. The plain twin is `directConvolution`.
public final class Convolution2D: Layer {
  public let geometry: ConvolutionGeometry
  public let weight: Parameter
  public let bias: Parameter?
  public let reparameterizations: [any Reparameterization]

  private let slices: Slices
  private let workspace: Workspace
  private let biasSums: UnsafeMutableBufferPointer<Double>
  private let blockSamples: Int

  /// Lowered patches of one block: about half of a megabyte, so that they stay in a core's cache.
  private static let blockFloats = 131_072

  /// - Parameter spectralNorm: whose parameter is `weight`, or nil for a plain convolution.
  public init(
    _ geometry: ConvolutionGeometry, weight: Parameter, bias: Parameter?,
    spectralNorm: SpectralNorm?, slices: Slices, workspace: Workspace, arena: Arena
  ) {
    require(
      weight.shape.count == geometry.patch * geometry.outputChannels,
      "a weight \(weight.shape) for \(geometry)")
    self.geometry = geometry
    self.weight = weight
    self.bias = bias
    self.slices = slices
    self.workspace = workspace
    reparameterizations = spectralNorm.map { [$0] } ?? []
    biasSums = arena.buffer(of: Double.self, count: bias == nil ? 0 : geometry.outputChannels)
    let perSample = geometry.outputHeight * geometry.outputWidth * geometry.patch
    blockSamples = min(slices.samples, max(1, Convolution2D.blockFloats / perSample))
    workspace.reserve(columnsShape(blockSamples), outputMatrixShape(blockSamples))
  }

  public var parameters: [Parameter] { bias.map { [weight, $0] } ?? [weight] }

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    apply(to: x.value, into: y.value)
    if let bias { addBias(bias.effective, to: y.value) }
  }

  public func backward(_ y: Activation, into x: Activation) {
    applyTranspose(to: y.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    apply(to: x.tangent, into: y.tangent)
  }

  public func backwardTangent(_ y: Activation, into x: Activation) {
    applyTranspose(to: y.gradientTangent, into: x.gradientTangent)
  }

  /// θ̄ = x ⋆ ȳ and dθ̄/dε = ẋ ⋆ ȳ + x ⋆ dȳ, so x meets primal·ȳ + tangent·dȳ and ẋ meets tangent·ȳ.
  public func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights
  ) {
    let claimed = weight.claim(weights)
    // An empty share contributes zero, and what the gradient held must not be read, it may be a NaN.
    if samples.isEmpty && claimed.previous == 0 { weight.gradient.fill(0) }
    var previous = claimed.previous
    forEachBlock(in: samples) { block in
      let xBlock = x.slice(block)
      let yBlock = y.slice(block)
      var output = yBlock.gradient
      if weights.tangent != 0 {
        let combined = workspace.tensors(columnsShape(block.count), yBlock.shape).1
        combine(
          weights.primal, yBlock.gradient, weights.tangent, yBlock.gradientTangent, into: combined)
        output = combined
      }
      addProduct(
        xBlock.value, output, scale: weights.tangent == 0 ? weights.primal : 1, previous: previous)
      previous = 1
      if weights.tangent != 0 {
        addProduct(xBlock.tangent, yBlock.gradient, scale: weights.tangent, previous: 1)
      }
    }
    if let bias { writeBiasGradient(bias, y.slice(samples), weights: weights) }
  }

  private func writeBiasGradient(_ bias: Parameter, _ y: Activation, weights: GradientWeights) {
    let claimed = bias.claim(weights)
    accumulate(y.gradient, into: bias.gradient, scale: weights.primal, previous: claimed.previous)
    if weights.tangent != 0 {
      accumulate(y.gradientTangent, into: bias.gradient, scale: weights.tangent, previous: 1)
    }
  }

  private func accumulate(
    _ gradient: Tensor, into biasGradient: Tensor, scale: Float, previous: Float
  ) {
    biasSums.update(repeating: 0)
    addColumnSums(of: gradient, into: biasSums)
    for channel in 0..<biasSums.count {
      let kept = previous == 0 ? 0 : previous * biasGradient[channel]
      biasGradient[channel] = kept + scale * Float(biasSums[channel])
    }
  }

  private func apply(to x: Tensor, into y: Tensor) {
    forEachBlock(in: 0..<x.shape.samples) { block in
      let output = y.slice(block).reshaped(outputMatrixShape(block.count))
      multiply(
        .plain(lowered(x.slice(block))), .plain(weightMatrix(weight.effective)), into: output)
    }
  }

  private func applyTranspose(to y: Tensor, into x: Tensor) {
    forEachBlock(in: 0..<y.shape.samples) { block in
      let output = y.slice(block).reshaped(outputMatrixShape(block.count))
      let image = x.slice(block)
      let columns =
        loweringIsIdentity
        ? image.reshaped(columnsShape(block.count)) : workspace.tensor(columnsShape(block.count))
      multiply(.plain(output), .transposed(weightMatrix(weight.effective)), into: columns)
      if !loweringIsIdentity { raise(columns, geometry, into: image) }
    }
  }

  private func addProduct(_ x: Tensor, _ y: Tensor, scale: Float, previous: Float) {
    multiply(
      .transposed(lowered(x)), .plain(y.reshaped(outputMatrixShape(y.shape.samples))),
      into: weightMatrix(weight.gradient), scale: scale, previous: previous)
  }

  private func lowered(_ x: Tensor) -> Tensor {
    let shape = columnsShape(x.shape.samples)
    if loweringIsIdentity { return x.reshaped(shape) }
    let columns = workspace.tensor(shape)
    lower(x, geometry, into: columns)
    return columns
  }

  /// A 1×1 kernel at stride 1, or a kernel that covers the whole image: the patches are the input itself.
  private var loweringIsIdentity: Bool {
    geometry.padding == 0
      && (geometry.isPointwise
        || (geometry.kernelHeight == geometry.inputHeight
          && geometry.kernelWidth == geometry.inputWidth))
  }

  private func forEachBlock(in samples: Range<Int>, _ body: (Range<Int>) -> Void) {
    slices.forEach(in: samples) { slice in
      var start = slice.lowerBound
      while start < slice.upperBound {
        let end = min(start + blockSamples, slice.upperBound)
        body(start..<end)
        start = end
      }
    }
  }

  private func weightMatrix(_ tensor: Tensor) -> Tensor {
    tensor.reshaped(Shape(rows: geometry.patch, columns: geometry.outputChannels))
  }

  private func columnsShape(_ samples: Int) -> Shape {
    Shape(rows: samples * geometry.outputHeight * geometry.outputWidth, columns: geometry.patch)
  }

  private func outputMatrixShape(_ samples: Int) -> Shape {
    Shape(
      rows: samples * geometry.outputHeight * geometry.outputWidth,
      columns: geometry.outputChannels)
  }
}
