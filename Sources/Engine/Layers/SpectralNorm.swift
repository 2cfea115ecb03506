import Kernels
import Tensors

/// Ŵ = W/σ(W), σ = ⟨u, W∗v⟩ with the vectors of a power iteration; ∂σ/∂W takes u and v as constants.
///
/// For a convolution u is image-shaped, with the spatial size of the layer's *input* and its output
/// channels, and v is what its transpose makes of that: (n − 1)·stride − 2·padding + kernel wide.
/// A training refresh makes one iteration. For a linear layer u and v are plain vectors.
/// - Source: Srinivas et al. 2022, §3.2; Miyato et al. 2018; the order and guards are the reference code's.
public final class SpectralNorm: Reparameterization {
  /// Which vector an iteration renews first; both orders are PyTorch's and the reference's.
  public enum Order: Sendable {
    /// v ← Wᵀu, u ← Wv; weights with σ < 1e-12 are used as they are: convolutions.
    case inputFirst
    /// u ← Wv, v ← Wᵀu, no guard: `torch.nn.utils.parametrizations.spectral_norm`, linear layers.
    case outputFirst
  }

  /// Iterations at creation.
  public static let initialIterations = 15
  /// Vectors are divided by max(norm, this).
  private static let smallestNorm: Double = 1e-12
  private static let smallestSigma: Float = 1e-12

  public let parameter: Parameter
  public var sigma: Float { sigmaStorage[0] }
  public let u: Tensor
  public let v: Tensor
  public let state: [StateTensor]

  private let order: Order
  private let image: SingleImageConvolution
  /// One number: σ.
  private let sigmaStorage: Tensor
  private let workspace: Workspace
  private let previousU: Tensor
  private let previousV: Tensor
  /// W∗v.
  private let product: Tensor

  /// - Parameters:
  ///   - geometry: the layer's; the operator whose norm is taken has inputs of v's size.
  ///   - name: the state dict's name of the layer; u and v stand under `name.parametrizations.weight.0`.
  public init(
    _ parameter: Parameter, geometry layer: ConvolutionGeometry, order: Order, name: String,
    workspace: Workspace, arena: Arena
  ) {
    self.parameter = parameter
    self.order = order
    self.workspace = workspace
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

  /// Two products of an iteration and the two that σ and its gradient take.
  public var multiplications: Int {
    let g = image.geometry
    return 4 * g.outputHeight * g.outputWidth * g.patch * g.outputChannels
  }

  public func refresh(_ mode: Mode) {
    switch mode {
    case .training:
      previousU.copy(from: u)
      previousV.copy(from: v)
      iterate()
      // The other order has renewed v last.
      if order == .outputFirst { applyWeight() }
    case .evaluation:
      applyWeight()
    }
    sigmaStorage[0] = Float(dot(u, product))
    scale(parameter.value, by: isGuarded ? 1 : 1 / sigma, into: parameter.effective)
  }

  /// W̄ = (Ŵ̄ − ⟨Ŵ̄, Ŵ⟩·∂σ/∂W)/σ with ∂σ/∂W the gradient of ⟨u, W∗v⟩.
  public func pullBack() {
    guard !isGuarded else { return }
    let along = Float(dot(parameter.gradient, parameter.value)) / sigma
    image.weightGradient(
      v, u, scale: -along / sigma, previous: 1 / sigma, into: parameter.gradient)
  }

  /// Whether the weights are too small to be divided by their norm.
  private var isGuarded: Bool { order == .inputFirst && sigma < SpectralNorm.smallestSigma }

  public func restore() {
    u.copy(from: previousU)
    v.copy(from: previousV)
  }

  /// The iterations at creation, from random u and v.
  public func initialize() {
    normalize(u, into: u)
    normalize(v, into: v)
    for _ in 0..<SpectralNorm.initialIterations { iterate() }
  }

  /// Leaves W∗v in `product`, but in the order that renews v last.
  private func iterate() {
    switch order {
    case .inputFirst:
      applyTranspose()
      applyWeight()
      normalize(product, into: u)
    case .outputFirst:
      applyWeight()
      normalize(product, into: u)
      applyTranspose()
    }
  }

  private func normalize(_ x: Tensor, into y: Tensor) {
    let norm = max(sumOfSquares(x).squareRoot(), SpectralNorm.smallestNorm)
    scale(x, by: Float(1 / norm), into: y)
  }

  /// product ← W∗v.
  private func applyWeight() {
    image.apply(
      parameter.value, to: v, scratch: workspace.tensor(image.scratchShape), into: product)
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
