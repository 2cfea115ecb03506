import Kernels
import Preconditions
import Tensors

/// y[n, i, j, o] = b[o] + Σ x[n, i·s + k − p, j·s + l − p, c]·Ŵ[k, l, c, o].
///
/// x is [N, H, W, C], y [N, H′, W′, O], the weight [kh, kw, C, O]; how the products are computed is a
/// ``ConvolutionProduct``. Linear in x: tangents pass like values, without the bias.
public final class Convolution2D: Layer {
  public let geometry: ConvolutionGeometry
  public let weight: Parameter
  public let bias: Parameter?
  public let reparameterizations: [any Reparameterization]

  private let product: any ConvolutionProduct
  private let biasSums: UnsafeMutableBufferPointer<Double>

  /// How products may be computed.
  public enum Algorithm: Sendable {
    /// What is fastest for the shape.
    case fastest
    /// Lowering and one matrix product, for every shape: the twin of the others.
    case lowered
  }

  /// - Parameters:
  ///   - spectralNorm: whose parameter is `weight`, or nil for a plain convolution.
  ///   - maximumSamples: the most samples of a batch on this rank.
  public init(
    _ geometry: ConvolutionGeometry, weight: Parameter, bias: Parameter?,
    spectralNorm: SpectralNorm?, maximumSamples: Int, slices: Slices,
    derivatives: Derivatives, algorithm: Algorithm = .fastest, workspace: Workspace, arena: Arena
  ) {
    require(
      weight.shape.count == geometry.patch * geometry.outputChannels,
      "a weight \(weight.shape) for \(geometry)")
    self.geometry = geometry
    self.weight = weight
    self.bias = bias
    reparameterizations = spectralNorm.map { [$0] } ?? []
    biasSums = arena.buffer(of: Double.self, count: bias == nil ? 0 : geometry.outputChannels)
    product =
      algorithm == .fastest && WinogradConvolution.pays(for: geometry)
      ? WinogradProduct(
        geometry, weight: weight, maximumSamples: maximumSamples, slices: slices,
        derivatives: derivatives, workspace: workspace, arena: arena)
      : LoweredProduct(geometry, weight: weight, slices: slices, workspace: workspace)
  }

  public var parameters: [Parameter] { bias.map { [weight, $0] } ?? [weight] }

  public func refresh() { product.refresh() }

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    product.apply(to: x.value, into: y.value)
    if let bias { addBias(bias.effective, to: y.value) }
  }

  public func backward(_ y: Activation, into x: Activation) {
    product.applyTranspose(to: y.gradient, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    product.apply(to: x.tangent, into: y.tangent)
  }

  public func backwardTangent(_ y: Activation, into x: Activation) {
    product.applyTranspose(to: y.gradientTangent, into: x.gradientTangent)
  }

  public func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights
  ) {
    product.writeGradient(
      x, y, samples: samples, weights: weight.claim(weights), into: weight.gradient)
    if let bias { writeBiasGradient(bias, y.slice(samples), weights: bias.claim(weights)) }
  }

  /// b̄ = Σ ȳ, db̄/dε = Σ dȳ.
  private func writeBiasGradient(_ bias: Parameter, _ y: Activation, weights: GradientWeights) {
    accumulate(y.gradient, into: bias.gradient, scale: weights.primal, previous: weights.previous)
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
}
