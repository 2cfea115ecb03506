import Layers
import Tensors

extension NetworkBuilder {
  /// The reference's ResNet for small images.
  ///
  /// Names: `0.0` stem conv-BN, `0.1` its activation; `s.b` block b of stage s with `1.f1` first conv-BN,
  /// `1.f2` shortcut, `2.f1` activation, `3.f1` second conv-BN, `5` activation after the sum; the linear
  /// layer stands three modules after the last stage.
  func buildResNet(stem: Int, widths: [Int], blocks: [Int]) -> Stage {
    var network = convolutionBatchNorm(
      "0.0", from: inputShape, channels: stem, kernel: 3, stride: 1, bias: .none)
    var shape = network.outputs[1]
    network = network + activation("0.1", on: shape)
    for (stage, (width, count)) in zip(widths, blocks).enumerated() {
      for block in 0..<count {
        let stride = stage > 0 && block == 0 ? 2 : 1
        let name = "\(stage + 1).\(block)"
        let residual = residualBlock(name, from: shape, channels: width, stride: stride)
        shape = residual.outputs[0]
        network = network + residual + activation("\(name).5", on: shape)
      }
    }
    let pooled = Shape(
      samples: shape.samples, height: 1, width: 1, channels: shape.channels)
    network = network + Stage(layers: [GlobalAveragePooling()], outputs: [pooled])
    return network + linear("\(widths.count + 3)", from: pooled, isNormalized: true)
  }

  private func residualBlock(
    _ name: String, from input: Shape, channels: Int, stride: Int
  ) -> Stage {
    var branch = convolutionBatchNorm(
      "\(name).1.f1", from: input, channels: channels, kernel: 3, stride: stride, bias: .none)
    let output = branch.outputs[1]
    branch = branch + activation("\(name).2.f1", on: output)
    branch =
      branch
      + convolutionBatchNorm(
        "\(name).3.f1", from: output, channels: channels, kernel: 3, stride: 1, bias: .none)
    let isIdentity = stride == 1 && input.channels == channels
    let shortcut =
      isIdentity
      ? nil
      : convolutionBatchNorm(
        "\(name).1.f2", from: input, channels: channels, kernel: 1, stride: stride, bias: .none)
    let residual = Residual(
      branch: chain(branch), shortcut: shortcut.map { chain($0) }, input: input, output: output,
      derivatives: configuration.derivatives, arena: arena)
    return Stage(layers: [residual], outputs: [output])
  }
}
