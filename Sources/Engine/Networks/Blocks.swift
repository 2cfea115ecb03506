import Layers
import Tensors

/// The two blocks of all networks, fused or layer by layer.
extension NetworkBuilder {
  /// Convolution, batch norm and activation.
  ///
  /// - Parameter layer: the index of the block in the network's chain.
  func activatedBlock(
    _ name: String, at layer: Int, from input: Shape, channels: Int, bias: Bias,
    activation: any Activation
  ) -> Segment {
    let block = convolutionBatchNorm(
      name, from: input, channels: channels, kernel: 3, stride: 1, bias: bias)
    switch configuration.fusion {
    case .plain:
      return Segment(
        layers: [block.convolution, block.norm, activation],
        outputs: [block.output, block.output, block.output])
    case .fused:
      let edge = convolutionEdge(
        block.output, in: layer, writtenIn: .convolution, readIn: .activation)
      let fused = ConvolutionBlock(
        block.convolution, block.norm, activation, edge: edge, site: site)
      return Segment(layers: [fused], outputs: [block.output], outputParts: [.activation])
    }
  }

  /// The reference's residual block with the activation behind it.
  ///
  /// Names: `1.f1` first conv-BN, `1.f2` shortcut, `2.f1` activation, `3.f1` second conv-BN, `5`
  /// activation after the sum.
  /// - Parameter layer: the index of the block in the network's chain.
  func residualBlock(
    _ name: String, at layer: Int, from input: Shape, channels: Int, stride: Int
  ) -> Segment {
    let isFused = configuration.fusion == .fused
    let first = convolutionBatchNorm(
      "\(name).1.f1", from: input, channels: channels, kernel: 3, stride: stride, bias: .none,
      factors: isFused ? ResidualBlock.firstFactors : .one)
    let output = first.output
    let innerActivation = activation("\(name).2.f1")
    let second = convolutionBatchNorm(
      "\(name).3.f1", from: output, channels: channels, kernel: 3, stride: 1, bias: .none,
      factors: isFused ? ResidualBlock.secondFactors : .one)
    let isIdentity = stride == 1 && input.channels == channels
    let shortcut =
      isIdentity
      ? nil
      : convolutionBatchNorm(
        "\(name).1.f2", from: input, channels: channels, kernel: 1, stride: stride, bias: .none,
        factors: isFused ? ResidualBlock.shortcutFactors : .one)
    let last = activation("\(name).5")
    guard isFused else {
      let branch = Segment(
        layers: [
          first.convolution, first.norm, innerActivation, second.convolution, second.norm,
        ],
        outputs: [output, output, output, output, output])
      let residual = Residual(
        branch: plainChain(branch),
        shortcut: shortcut.map {
          plainChain(Segment(layers: [$0.convolution, $0.norm], outputs: [output, output]))
        },
        input: input, output: output, site: site)
      return Segment(layers: [residual, last], outputs: [output, output])
    }
    let block = ResidualBlock(
      first: ConvolutionBlock(
        first.convolution, first.norm, innerActivation,
        edge: convolutionEdge(output, in: layer, writtenIn: .convolution, readIn: .activation),
        site: site),
      inner: innerEdge(output, in: layer),
      second: ResidualBlock.Normalized(
        convolution: second.convolution, norm: second.norm,
        edge: convolutionEdge(output, in: layer, writtenIn: .secondConvolution, readIn: .sum)),
      shortcut: shortcut.map {
        ResidualBlock.Normalized(
          convolution: $0.convolution, norm: $0.norm,
          edge: convolutionEdge(output, in: layer, writtenIn: .shortcut, readIn: .sum))
      },
      activation: last, site: site)
    return Segment(layers: [block], outputs: [output], outputParts: [.sum])
  }
}
