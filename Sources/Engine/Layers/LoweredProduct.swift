import Kernels
import Tensors

/// A convolution as one matrix product with the input's patches; any kernel, stride and padding.
///
/// Samples are processed slice by slice, and slices in blocks whose patches fit the cache. If the
/// patches are the input itself, nothing is lowered. The plain twin is `directConvolution`.
struct LoweredProduct: ConvolutionProduct {
  /// The floats of the patches of one block: half a megabyte, which a core's cache holds.
  private static let blockFloats = 131_072

  private let geometry: ConvolutionGeometry
  private let weight: Parameter
  private let slices: Slices
  private let workspace: Workspace
  private let blockSamples: Int

  init(_ geometry: ConvolutionGeometry, weight: Parameter, site: LayerSite) {
    self.geometry = geometry
    self.weight = weight
    slices = site.slices
    workspace = site.workspace
    let perSample = geometry.outputHeight * geometry.outputWidth * geometry.patch
    blockSamples = min(slices.samples, max(1, Self.blockFloats / perSample))
    workspace.reserve(columnsShape(blockSamples), outputMatrixShape(blockSamples))
  }

  func refresh() {}

  func apply(to x: Tensor, into y: Tensor) {
    forEachBlock(in: 0..<x.shape.samples) { block in
      let output = y.slice(block).reshaped(outputMatrixShape(block.count))
      multiply(
        .plain(lowered(x.slice(block))), .plain(weightMatrix(weight.effective)), into: output)
    }
  }

  func applyTranspose(to y: Tensor, _ accumulation: Accumulation, into x: Tensor) {
    forEachBlock(in: 0..<y.shape.samples) { block in
      let output = y.slice(block).reshaped(outputMatrixShape(block.count))
      let image = x.slice(block)
      let columns =
        loweringIsIdentity
        ? image.reshaped(columnsShape(block.count)) : workspace.tensor(columnsShape(block.count))
      multiply(
        .plain(output), .transposed(weightMatrix(weight.effective)), into: columns,
        previous: loweringIsIdentity && accumulation == .add ? 1 : 0)
      if !loweringIsIdentity { columnsToImage(columns, geometry, accumulation, into: image) }
    }
  }

  func writeGradient(
    _ x: Edge, _ y: Edge, samples: Range<Int>, weights: GradientWeights,
    into gradient: Tensor
  ) {
    // An empty share contributes zero. The gradient may hold a NaN, so it must not be read.
    if samples.isEmpty && weights.previous == 0 { gradient.fill(0) }
    var previous = weights.previous
    forEachBlock(in: samples) { block in
      let xBlock = x.slice(block)
      let yBlock = y.slice(block)
      if weights.tangent == 0 {
        add(
          xBlock.value, yBlock.gradient, scale: weights.primal, previous: previous, to: gradient)
      } else {
        let combined = workspace.tensors(columnsShape(block.count), yBlock.shape).1
        combine(
          weights.primal, yBlock.gradient, weights.tangent, yBlock.gradientTangent, into: combined)
        add(xBlock.value, combined, scale: 1, previous: previous, to: gradient)
        add(xBlock.tangent, yBlock.gradient, scale: weights.tangent, previous: 1, to: gradient)
      }
      previous = 1
    }
  }

  private func add(
    _ x: Tensor, _ y: Tensor, scale: Float, previous: Float, to gradient: Tensor
  ) {
    multiply(
      .transposed(lowered(x)), .plain(y.reshaped(outputMatrixShape(y.shape.samples))),
      into: weightMatrix(gradient), scale: scale, previous: previous)
  }

  private func lowered(_ x: Tensor) -> Tensor {
    let shape = columnsShape(x.shape.samples)
    if loweringIsIdentity { return x.reshaped(shape) }
    let columns = workspace.tensor(shape)
    imageToColumns(x, geometry, into: columns)
    return columns
  }

  /// A 1×1 kernel at stride 1, or a kernel that covers the whole image.
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
