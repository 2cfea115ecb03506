import Kernels
import Tensors

/// y = s(BN(x ∗ Ŵ + b)): a convolution, its batch norm and its activation, fused.
///
/// It stores only the convolution's output and its tangent. The plain twin is the ``Chain`` of the
/// three layers.
public final class ConvolutionBlock: Layer {
  private let convolution: Convolution2D
  private let norm: BatchNorm
  private let activation: any Layer
  private let normActivation: NormActivation
  /// The convolution's output, for the largest number of samples.
  private let edge: Edge
  public let parameters: [Parameter]

  /// - Parameter edge: the convolution's output; its gradients are used within a pass only.
  package init(
    _ convolution: Convolution2D, _ norm: BatchNorm, _ activation: any Activation,
    edge: Edge, site: LayerSite
  ) {
    self.convolution = convolution
    self.norm = norm
    self.activation = activation
    self.edge = edge
    parameters = convolution.parameters + norm.parameters + activation.parameters
    normActivation = NormActivation(
      norm, .nothing, activation, channels: edge.shape.channels, site: site)
  }

  public var state: [StateTensor] { norm.state }
  public var reparameterizations: [any Reparameterization] {
    convolution.reparameterizations + norm.reparameterizations + activation.reparameterizations
  }
  public var evaluation: [EvaluationMap] {
    convolution.evaluation + norm.evaluation + activation.evaluation
  }

  public func refresh() { convolution.refresh() }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    let edge = edge.prefix(x.shape.samples)
    convolution.forward(x, into: edge, mode: mode)
    normActivation.forward(edge, nil, into: y.value, mode: mode)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    backward(y, into: x, .replace, gradients: writer)
  }

  func backward(
    _ y: Edge, into x: Edge, _ accumulation: Accumulation,
    gradients writer: GradientWriter?
  ) {
    let edge = edge.prefix(x.shape.samples)
    normActivation.backward(y, into: edge, nil, gradients: writer)
    convolution.backward(edge, into: x, accumulation, gradients: writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    let edge = edge.prefix(x.shape.samples)
    convolution.forwardTangent(x, into: edge)
    normActivation.forwardTangent(edge, nil, into: y.tangent)
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
    normActivation.backwardTangent(y, into: edge, nil, gradients: writer)
    convolution.backwardTangent(edge, into: x, accumulation, gradients: writer)
  }

  /// Computes y.value again, for a block that has not stored it.
  func recomputeValue(into y: Edge) {
    normActivation.recomputeValue(edge.prefix(y.shape.samples), nil, into: y.value)
  }

  /// Computes y.tangent again.
  func recomputeTangent(into y: Edge) {
    normActivation.recomputeTangent(edge.prefix(y.shape.samples), nil, into: y.tangent)
  }

  public func commit() { norm.commit() }
}
