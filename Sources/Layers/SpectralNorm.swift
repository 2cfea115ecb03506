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
  public private(set) var sigma: Float = 1
  public let u: Tensor
  public let v: Tensor
  public let state: [StateTensor]

  private let order: Order
  private let geometry: ConvolutionGeometry
  private let workspace: Workspace
  private let previousU: Tensor
  private let previousV: Tensor
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
    self.geometry = geometry
    u = arena.tensor(geometry.outputShape(samples: 1))
    v = arena.tensor(geometry.inputShape(samples: 1))
    previousU = arena.tensor(u.shape)
    previousV = arena.tensor(v.shape)
    product = arena.tensor(u.shape)
    parameter.setEffective(arena.tensor(parameter.shape))
    workspace.reserve(SpectralNorm.columnsShape(geometry))
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

  public func refresh(_ mode: Mode) {
    if mode == .training {
      previousU.copy(from: u)
      previousV.copy(from: v)
      iterate()
    }
    applyWeight(to: v, into: product)
    sigma = Float(dot(u, product))
    let guarded = order == .inputFirst && sigma < SpectralNorm.smallestSigma
    scale(parameter.value, by: guarded ? 1 : 1 / sigma, into: parameter.effective)
  }

  /// W̄ = (Ŵ̄ − ⟨Ŵ̄, Ŵ⟩·∂σ/∂W)/σ with ∂σ/∂W = lowered(v)ᵀ·u.
  public func pullBack() {
    guard !(order == .inputFirst && sigma < SpectralNorm.smallestSigma) else { return }
    let along = Float(dot(parameter.gradient, parameter.effective))
    scale(parameter.gradient, by: 1 / sigma, into: parameter.gradient)
    let columns = lowered(v)
    multiply(
      .transposed(columns), .plain(outputMatrix(u)), into: weightMatrix(parameter.gradient),
      scale: -along / sigma, previous: 1)
  }

  public func restore() {
    u.copy(from: previousU)
    v.copy(from: previousV)
  }

  /// The iterations at creation, from random u and v.
  public func initialize() {
    normalize(u)
    normalize(v)
    for _ in 0..<SpectralNorm.initialIterations { iterate() }
  }

  private func iterate() {
    switch order {
    case .inputFirst:
      applyTranspose(to: u, into: v)
      normalize(v)
      applyWeight(to: v, into: u)
      normalize(u)
    case .outputFirst:
      applyWeight(to: v, into: u)
      normalize(u)
      applyTranspose(to: u, into: v)
      normalize(v)
    }
  }

  private func normalize(_ x: Tensor) {
    let norm = max(sumOfSquares(x).squareRoot(), SpectralNorm.smallestNorm)
    scale(x, by: Float(1 / norm), into: x)
  }

  private func applyWeight(to v: Tensor, into u: Tensor) {
    multiply(.plain(lowered(v)), .plain(weightMatrix(parameter.value)), into: outputMatrix(u))
  }

  private func applyTranspose(to u: Tensor, into v: Tensor) {
    let columns = workspace.tensor(SpectralNorm.columnsShape(geometry))
    multiply(
      .plain(outputMatrix(u)), .transposed(weightMatrix(parameter.value)), into: columns)
    raise(columns, geometry, into: v)
  }

  private func lowered(_ v: Tensor) -> Tensor {
    let columns = workspace.tensor(SpectralNorm.columnsShape(geometry))
    lower(v, geometry, into: columns)
    return columns
  }

  private func weightMatrix(_ weight: Tensor) -> Tensor {
    weight.reshaped(Shape(rows: geometry.patch, columns: geometry.outputChannels))
  }

  private func outputMatrix(_ u: Tensor) -> Tensor {
    u.reshaped(
      Shape(
        rows: geometry.outputHeight * geometry.outputWidth, columns: geometry.outputChannels))
  }

  private static func columnsShape(_ geometry: ConvolutionGeometry) -> Shape {
    Shape(rows: geometry.outputHeight * geometry.outputWidth, columns: geometry.patch)
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
