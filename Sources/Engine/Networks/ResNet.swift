import Layers
import Tensors

extension NetworkBuilder {
  /// The reference's ResNet for small images.
  ///
  /// Names: `0.0` is the stem's conv-BN, `0.1` its activation, `s.b` block b of stage s. The linear
  /// layer follows three modules after the last stage.
  func buildResNet(stem: Int, widths: [Int], blocks: [Int]) -> Segment {
    var network = activatedBlock(
      "0.0", at: 0, from: inputShape, channels: stem, bias: .none, activation: activation("0.1"))
    var shape = network.output
    for (stage, (width, count)) in zip(widths, blocks).enumerated() {
      for block in 0..<count {
        network =
          network
          + residualBlock(
            "\(stage + 1).\(block)", at: network.layers.count, from: shape, channels: width,
            stride: stage > 0 && block == 0 ? 2 : 1)
        shape = network.output
      }
    }
    let pooled = Shape(
      samples: shape.samples, height: 1, width: 1, channels: shape.channels)
    network = network + Segment(layers: [GlobalAveragePooling()], outputs: [pooled])
    return network + linear("\(widths.count + 3)", from: pooled, isNormalized: true)
  }
}
