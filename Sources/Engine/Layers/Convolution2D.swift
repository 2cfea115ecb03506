import Failures
import Kernels
import Tensors

/// y[n, i, j, o] = b[o] + Σ x[n, i·s + k − p, j·s + l − p, c]·Ŵ[k, l, c, o].
///
/// x is [N, H, W, C], y [N, H′, W′, O], the weight [kh, kw, C, O]; a ``ConvolutionProduct``
/// computes the products. Linear in x: tangents pass like values, without the bias.
public final class Convolution2D: Layer {
  public let geometry: ConvolutionGeometry
  public let weight: Parameter
  public let bias: Parameter?
  public let parameters: [Parameter]
  public let reparameterizations: [any Reparameterization]

  private let biasList: [Parameter]
  private let product: any ConvolutionProduct
  private let biasSums: UnsafeMutableBufferPointer<Double>

  /// The algorithms that a convolution may choose from.
  public enum Algorithm: Sendable {
    /// The fastest algorithm for the shape.
    case fastest
    /// Lowering and one matrix product, for every shape: the plain twin.
    case lowered
  }

  /// - Parameter spectralNorm: the reparameterisation of `weight`; nil for a plain convolution.
  public init(
    _ geometry: ConvolutionGeometry, weight: Parameter, bias: Parameter?,
    spectralNorm: SpectralNorm?, algorithm: Algorithm = .fastest, site: LayerSite
  ) {
    require(
      weight.shape.count == geometry.patch * geometry.outputChannels,
      "a weight \(weight.shape) for \(geometry)")
    self.geometry = geometry
    self.weight = weight
    self.bias = bias
    biasList = bias.map { [$0] } ?? []
    parameters = [weight] + biasList
    reparameterizations = spectralNorm.map { [$0] } ?? []
    biasSums = site.arena.buffer(of: Double.self, count: bias == nil ? 0 : geometry.outputChannels)
    product =
      algorithm == .fastest && WinogradConvolution.isProfitable(for: geometry)
      ? WinogradProduct(geometry, weight: weight, site: site)
      : LoweredProduct(geometry, weight: weight, site: site)
  }

  public var evaluation: [EvaluationMap] { [.affine(self)] }

  public func refresh() { product.refresh() }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    product.apply(to: x.value, into: y.value)
    if let bias { addBias(bias.effective, to: y.value) }
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    backward(y, into: x, .replace, gradients: writer)
  }

  /// Replaces x.gradient, or adds to it.
  func backward(
    _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    backward(.gradient, y, into: x, accumulation, gradients: writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    product.apply(to: x.tangent, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    backwardTangent(y, into: x, .replace, gradients: writer)
  }

  /// Replaces x.gradientTangent, or adds to it.
  func backwardTangent(
    _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    backward(.gradientTangent, y, into: x, accumulation, gradients: writer)
  }

  private func backward(
    _ pass: BackwardPass, _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    let samples = x.shape.samples
    if let writer, writer.writesAtOnce, pass.result(x).isPresent {
      product.backward(
        pass, y, into: x, accumulation, weights: weight.claim(writer.weights),
        gradient: weight.gradient)
      if let bias { writer.write(biasList, samples: samples) { write(bias, y, $0, $1) } }
      return
    }
    if pass.result(x).isPresent {
      product.applyTranspose(to: pass.source(y), accumulation, into: pass.result(x))
    }
    writer?.write(parameters, samples: samples) { samples, weights in
      product.writeGradient(
        x, y, samples: samples, weights: weight.claim(weights), into: weight.gradient)
      if let bias { write(bias, y, samples, weights) }
    }
  }

  /// b̄ = Σ ȳ, db̄/dε = Σ dȳ.
  private func write(
    _ bias: Parameter, _ y: Edge, _ samples: Range<Int>, _ weights: GradientWeights
  ) {
    let (y, claimed) = (y.slice(samples), bias.claim(weights))
    accumulate(y.gradient, into: bias.gradient, scale: claimed.primal, previous: claimed.previous)
    if claimed.tangent != 0 {
      accumulate(y.gradientTangent, into: bias.gradient, scale: claimed.tangent, previous: 1)
    }
  }

  private func accumulate(
    _ gradient: Tensor, into biasGradient: Tensor, scale: Float, previous: Float
  ) {
    biasSums.update(repeating: 0)
    addColumnSums(of: gradient, into: biasSums)
    for channel in 0..<biasSums.count {
      let before = previous == 0 ? 0 : previous * biasGradient[channel]
      biasGradient[channel] = before + scale * Float(biasSums[channel])
    }
  }
}
