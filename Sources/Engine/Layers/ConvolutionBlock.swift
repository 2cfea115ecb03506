import Kernels
import Tensors

/// y = s(BN(x ∗ Ŵ + b)): a convolution, its batch norm and its activation, fused.
///
/// Only the convolution's output is kept, and its tangent; the plain twin is the ``Chain`` of the three.
public final class ConvolutionBlock: Layer {
  private let convolution: Convolution2D
  private let norm: BatchNorm
  private let activation: any Layer
  private let sum: NormActivation
  /// The convolution's output, for the largest number of samples.
  private let edge: Edge
  public let parameters: [Parameter]

  /// - Parameter edge: the convolution's output; its gradients are only used within a pass.
  package init(
    _ convolution: Convolution2D, _ norm: BatchNorm, _ activation: any SoftplusActivation,
    edge: Edge, slices: Slices, arena: Arena
  ) {
    self.convolution = convolution
    self.norm = norm
    self.activation = activation
    self.edge = edge
    parameters = convolution.parameters + norm.parameters + activation.parameters
    sum = NormActivation(
      norm, .nothing, activation, channels: edge.shape.channels,
      maximumSamples: edge.shape.samples, slices: slices, arena: arena)
  }

  public var state: [StateTensor] { norm.state }
  public var reparameterizations: [any Reparameterization] {
    convolution.reparameterizations + norm.reparameterizations + activation.reparameterizations
  }
  public var parts: [NetworkPart] {
    [.layer(convolution), .layer(norm), .layer(activation)]
  }

  public func refresh() { convolution.refresh() }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    let edge = edge.prefix(x.shape.samples)
    convolution.forward(x, into: edge, mode: mode)
    sum.forward(edge, nil, into: y.value, mode: mode)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    backward(y, into: x, .replace, gradients: writer)
  }

  func backward(
    _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    let edge = edge.prefix(x.shape.samples)
    sum.backward(y, into: edge, nil, gradients: writer)
    convolution.backward(edge, into: x, accumulation, gradients: writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    let edge = edge.prefix(x.shape.samples)
    convolution.forwardTangent(x, into: edge)
    sum.forwardTangent(edge, nil, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    backwardTangent(y, into: x, .replace, gradients: writer)
  }

  func backwardTangent(
    _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    let edge = edge.prefix(x.shape.samples)
    sum.backwardTangent(y, into: edge, nil, gradients: writer)
    convolution.backwardTangent(edge, into: x, accumulation, gradients: writer)
  }

  /// y.value once more, for whoever has not kept it.
  func recomputeValue(into y: Edge) {
    sum.recomputeValue(edge.prefix(y.shape.samples), nil, into: y.value)
  }

  /// y.tangent once more.
  func recomputeTangent(into y: Edge) {
    sum.recomputeTangent(edge.prefix(y.shape.samples), nil, into: y.tangent)
  }

  public func commit() { norm.commit() }
}
