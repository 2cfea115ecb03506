import Kernels
import Tensors

/// y = s(½·(F(x/√2) + S(x/√2))), F = conv-BN, activation, conv-BN; S a conv-BN or the identity.
///
/// The block is fused; its plain twin is a ``Residual`` followed by the activation. The batch norms
/// and the last sum contain the factors 1/√2 and ½. The block stores the convolutions' outputs and
/// their tangents, and the gradient of F's inner edge if a backward tangent pass follows. It
/// computes the tensors between them again.
public final class ResidualBlock: Layer {
  /// The factors of the batch norms in a block.
  public static let firstFactors = BatchNorm.Factors(input: inputFactor, output: 1)
  public static let secondFactors = BatchNorm.Factors(input: 1, output: outputFactor)
  public static let shortcutFactors = BatchNorm.Factors(input: inputFactor, output: outputFactor)
  private static let inputFactor = Float(0.5).squareRoot()
  private static let outputFactor: Float = 0.5

  /// A convolution and its batch norm, and the edge between them.
  package struct Normalized {
    let convolution: Convolution2D
    let norm: BatchNorm
    let edge: Edge

    package init(convolution: Convolution2D, norm: BatchNorm, edge: Edge) {
      self.convolution = convolution
      self.norm = norm
      self.edge = edge
    }

    var layers: [any Layer] { [convolution, norm] }
  }

  private let first: ConvolutionBlock
  private let second: Normalized
  private let shortcut: Normalized?
  private let activation: any Layer
  private let normActivation: NormActivation
  /// The edge between the first activation and the second convolution.
  private let inner: Edge
  public let parameters: [Parameter]

  package init(
    first: ConvolutionBlock, inner: Edge, second: Normalized, shortcut: Normalized?,
    activation: any Activation, site: LayerSite
  ) {
    self.first = first
    self.inner = inner
    self.second = second
    self.shortcut = shortcut
    self.activation = activation
    let layers = second.layers + (shortcut?.layers ?? []) + [activation]
    parameters = first.parameters + layers.flatMap(\.parameters)
    normActivation = NormActivation(
      second.norm,
      shortcut.map { .normalized($0.norm) }
        ?? .scaled(factor: ResidualBlock.inputFactor * ResidualBlock.outputFactor),
      activation, channels: second.edge.shape.channels, site: site)
  }

  public var state: [StateTensor] {
    first.state + second.norm.state + (shortcut?.norm.state ?? [])
  }
  public var reparameterizations: [any Reparameterization] {
    first.reparameterizations + second.layers.flatMap(\.reparameterizations)
      + (shortcut?.layers.flatMap(\.reparameterizations) ?? []) + activation.reparameterizations
  }
  public var evaluation: [EvaluationMap] {
    let branch = first.evaluation + second.layers.flatMap(\.evaluation)
    let other = shortcut.map { $0.layers.flatMap(\.evaluation) }
    return [.residual(branch: branch, shortcut: other)] + activation.evaluation
  }

  public func refresh() {
    first.refresh()
    second.convolution.refresh()
    shortcut?.convolution.refresh()
  }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    let edges = edges(x)
    first.forward(x, into: edges.inner, mode: mode)
    second.convolution.forward(edges.inner, into: edges.second, mode: mode)
    shortcut?.convolution.forward(x, into: edges.other, mode: mode)
    normActivation.forward(edges.second, edges.other, into: y.value, mode: mode)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    let edges = edges(x)
    normActivation.backward(y, into: edges.second, edges.other, gradients: writer)
    if let shortcut {
      shortcut.convolution.backward(edges.other, into: x, .replace, gradients: writer)
    }
    if writer != nil { first.recomputeValue(into: edges.inner) }
    second.convolution.backward(edges.second, into: edges.inner, .replace, gradients: writer)
    first.backward(edges.inner, into: x, .add, gradients: writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    let edges = edges(x)
    first.forwardTangent(x, into: edges.inner)
    second.convolution.forwardTangent(edges.inner, into: edges.second)
    shortcut?.convolution.forwardTangent(x, into: edges.other)
    normActivation.forwardTangent(edges.second, edges.other, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    let edges = edges(x)
    normActivation.backwardTangent(y, into: edges.second, edges.other, gradients: writer)
    if let shortcut {
      shortcut.convolution.backwardTangent(edges.other, into: x, .replace, gradients: writer)
    }
    if writer != nil {
      first.recomputeValue(into: edges.inner)
      first.recomputeTangent(into: edges.inner)
    }
    second.convolution.backwardTangent(edges.second, into: edges.inner, .replace, gradients: writer)
    first.backwardTangent(edges.inner, into: x, .add, gradients: writer)
  }

  public func commit() {
    first.commit()
    second.norm.commit()
    shortcut?.norm.commit()
  }

  /// The edges for the samples of x; `other` is the end of the shortcut, or x itself.
  private func edges(
    _ x: Edge
  ) -> (inner: Edge, second: Edge, other: Edge) {
    let samples = x.shape.samples
    return (
      inner.prefix(samples), second.edge.prefix(samples), shortcut?.edge.prefix(samples) ?? x
    )
  }
}
