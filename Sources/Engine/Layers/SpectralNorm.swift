import Kernels
import Tensors

/// Ŵ = W/σ(W), σ = ⟨u, W∗v⟩ with the vectors of a power iteration; ∂σ/∂W takes u and v as
/// constants.
///
/// For a convolution u is an image with the spatial size of the layer's *input* and its output
/// channels, and v is an image of (n − 1)·stride − 2·padding + kernel pixels each way, the output
/// of the transposed convolution. For a matrix, the weight of a linear layer or the reshaped weight
/// [outputs, inputs·kh·kw] of a convolution, u and v are vectors. A training refresh makes one
/// iteration.
/// - Source: Srinivas et al. 2022, §3.2; Miyato et al. 2018; the order and guards are the reference
///   code's.
public final class SpectralNorm: Reparameterization {
  /// The vector that an iteration updates first; PyTorch and the reference use both orders.
  public enum Order: Sendable {
    /// v ← Wᵀu, u ← Wv, for convolutions; weights with σ < 1e-12 are not divided.
    case inputFirst
    /// u ← Wv, v ← Wᵀu without a guard, for matrices, as in
    /// `torch.nn.utils.parametrizations.spectral_norm`.
    case outputFirst
  }

  /// The iterations of ``initialize()``.
  public static let initialIterations = 15
  /// The lower bound of the norm that a vector is divided by.
  private static let smallestNorm: Double = 1e-12
  private static let smallestSigma: Float = 1e-12

  public let parameter: Parameter
  public var sigma: Float { sigmaStorage[0] }
  public let u: Tensor
  public let v: Tensor
  public let state: [StateTensor]

  private let order: Order
  private let image: SingleImageConvolution
  /// σ.
  private let sigmaStorage: Tensor
  private let workspace: Workspace
  private let previousU: Tensor
  private let previousV: Tensor
  /// W∗v.
  private let product: Tensor

  /// - Parameters:
  ///   - parameter: the layer's weight, which the norm divides.
  ///   - geometry: a convolution's geometry, whose operator of the norm has inputs of v's size
  ///     instead; or that of the linear layer with the weight as its matrix.
  ///   - order: the order of an iteration.
  ///   - name: the layer's name in the state dict, where u and v are under
  ///     `name.parametrizations.weight.0`.
  ///   - site: the site of the layer.
  public init(
    _ parameter: Parameter, geometry layer: ConvolutionGeometry, order: Order, name: String,
    site: LayerSite
  ) {
    self.parameter = parameter
    self.order = order
    workspace = site.workspace
    let arena = site.arena
    let geometry =
      order == .outputFirst ? layer : SpectralNorm.operatorGeometry(of: layer)
    image = SingleImageConvolution(geometry)
    sigmaStorage = arena.tensor(Shape(length: 1), in: .shared)
    u = arena.tensor(geometry.outputShape(samples: 1), in: .shared)
    v = arena.tensor(geometry.inputShape(samples: 1), in: .shared)
    previousU = arena.tensor(u.shape, in: .shared)
    previousV = arena.tensor(v.shape, in: .shared)
    product = arena.tensor(u.shape, in: .shared)
    parameter.setEffective(arena.tensor(parameter.shape, in: .shared))
    workspace.reserve(image.scratchShape)
    let prefix = "\(name).parametrizations.weight.0."
    let layouts =
      order == .outputFirst
      ? (
        CheckpointLayout.unchanged([geometry.outputChannels]),
        CheckpointLayout.flattenedImage(
          height: geometry.inputHeight, width: geometry.inputWidth,
          channels: geometry.inputChannels)
      )
      : (
        CheckpointLayout.image(
          height: geometry.outputHeight, width: geometry.outputWidth,
          channels: geometry.outputChannels),
        CheckpointLayout.image(
          height: geometry.inputHeight, width: geometry.inputWidth,
          channels: geometry.inputChannels)
      )
    state = [
      StateTensor(name: prefix + "_u", tensor: u, layout: layouts.0),
      StateTensor(name: prefix + "_v", tensor: v, layout: layouts.1),
    ]
  }

  /// The two products of an iteration, and the two of σ and its gradient.
  public var multiplications: Int {
    let g = image.geometry
    return 4 * g.outputHeight * g.outputWidth * g.patch * g.outputChannels
  }

  public func refresh(_ mode: Mode) {
    let weightTimesV: Tensor
    switch mode {
    case .training:
      previousU.copy(from: u)
      previousV.copy(from: v)
      weightTimesV = iterate()
    case .evaluation:
      weightTimesV = applyWeight()
    }
    sigmaStorage[0] = Float(dot(u, weightTimesV))
    scale(parameter.value, by: isGuarded ? 1 : 1 / sigma, into: parameter.effective)
  }

  /// W̄ = (Ŵ̄ − ⟨Ŵ̄, Ŵ⟩·∂σ/∂W)/σ with ∂σ/∂W the gradient of ⟨u, W∗v⟩.
  public func pullBack() {
    guard !isGuarded else { return }
    let along = Float(dot(parameter.gradient, parameter.value)) / sigma
    image.weightGradient(
      v, u, scale: -along / sigma, previous: 1 / sigma, into: parameter.gradient)
  }

  /// Whether the weights are so small that they are not divided by their norm.
  private var isGuarded: Bool { order == .inputFirst && sigma < SpectralNorm.smallestSigma }

  public func restore() {
    u.copy(from: previousU)
    v.copy(from: previousV)
  }

  /// Normalises u and v, which hold random numbers, and makes the first iterations.
  public func initialize() {
    normalize(u, into: u)
    normalize(v, into: v)
    for _ in 0..<SpectralNorm.initialIterations { _ = iterate() }
  }

  /// Updates u and v once, and returns W∗v.
  private func iterate() -> Tensor {
    switch order {
    case .inputFirst:
      applyTranspose()
      let product = applyWeight()
      normalize(product, into: u)
      return product
    case .outputFirst:
      normalize(applyWeight(), into: u)
      applyTranspose()
      return applyWeight()
    }
  }

  private func normalize(_ x: Tensor, into y: Tensor) {
    let norm = max(sumOfSquares(x).squareRoot(), SpectralNorm.smallestNorm)
    scale(x, by: Float(1 / norm), into: y)
  }

  /// W∗v.
  private func applyWeight() -> Tensor {
    image.apply(
      parameter.value, to: v, scratch: workspace.tensor(image.scratchShape), into: product)
    return product
  }

  /// v ← Wᵀu, normalised.
  private func applyTranspose() {
    image.applyTranspose(
      parameter.value, to: u, scratch: workspace.tensor(image.scratchShape), into: v)
    normalize(v, into: v)
  }

  private static func operatorGeometry(of layer: ConvolutionGeometry) -> ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: (layer.inputHeight - 1) * layer.stride - 2 * layer.padding + layer.kernelHeight,
      inputWidth: (layer.inputWidth - 1) * layer.stride - 2 * layer.padding + layer.kernelWidth,
      inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
      kernelHeight: layer.kernelHeight, kernelWidth: layer.kernelWidth, stride: layer.stride,
      padding: layer.padding)
  }
}
