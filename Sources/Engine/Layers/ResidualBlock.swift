import Kernels
import Tensors

/// y = s(½·(F(x/√2) + S(x/√2))), F = conv-BN, activation, conv-BN; S a conv-BN or the identity.
///
/// Fused.
///
/// The plain twin is ``Residual`` followed by its activation. The factors 1/√2 and ½ are the batch norms'
/// and the last sum's. Kept are the convolutions' outputs and their tangents, and where a backward
/// tangent follows the gradient of F's inner edge; what stands between is made again where it is read.
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
  private let sum: NormActivation
  /// Between the first activation and the second convolution.
  private let inner: Edge
  public let parameters: [Parameter]

  package init(
    first: ConvolutionBlock, inner: Edge, second: Normalized, shortcut: Normalized?,
    activation: any SoftplusActivation, slices: Slices, arena: Arena
  ) {
    self.first = first
    self.inner = inner
    self.second = second
    self.shortcut = shortcut
    self.activation = activation
    let layers = second.layers + (shortcut?.layers ?? []) + [activation]
    parameters = first.parameters + layers.flatMap(\.parameters)
    sum = NormActivation(
      second.norm,
      shortcut.map { .normalized($0.norm) }
        ?? .scaled(factor: ResidualBlock.inputFactor * ResidualBlock.outputFactor),
      activation, channels: second.edge.shape.channels,
      maximumSamples: second.edge.shape.samples, slices: slices, arena: arena)
  }

  public var state: [StateTensor] {
    first.state + second.norm.state + (shortcut?.norm.state ?? [])
  }
  public var reparameterizations: [any Reparameterization] {
    first.reparameterizations + second.layers.flatMap(\.reparameterizations)
      + (shortcut?.layers.flatMap(\.reparameterizations) ?? []) + activation.reparameterizations
  }
  public var parts: [NetworkPart] {
    let branch = first.parts + second.layers.map { .layer($0) }
    let other = shortcut.map { $0.layers.map { NetworkPart.layer($0) } }
    return [.residual(branch: branch, shortcut: other), .layer(activation)]
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
    sum.forward(edges.second, edges.other, into: y.value, mode: mode)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    let edges = edges(x)
    sum.backward(y, into: edges.second, edges.other, gradients: writer)
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
    sum.forwardTangent(edges.second, edges.other, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    let edges = edges(x)
    sum.backwardTangent(y, into: edges.second, edges.other, gradients: writer)
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

  /// The edges for as many samples as x holds; `other` is the shortcut's end, or x itself.
  private func edges(
    _ x: Edge
  ) -> (inner: Edge, second: Edge, other: Edge) {
    let samples = x.shape.samples
    return (
      inner.prefix(samples), second.edge.prefix(samples), shortcut?.edge.prefix(samples) ?? x
    )
  }
}
