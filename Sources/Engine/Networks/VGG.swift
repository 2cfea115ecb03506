import Layers
import Tensors

extension NetworkBuilder {
  /// The reference's VGG: convolutions with bias, one β for all activations, one plain linear
  /// layer.
  ///
  /// A module's name is its index in the sequence of conv-BN blocks, activations and poolings. The
  /// linear layer follows a flattening module.
  func buildVGG(_ layers: [Architecture.VGGLayer]) -> Segment {
    var network = Segment(layers: [], outputs: [])
    var shape = inputShape
    var index = 0
    var sharedBeta: Parameter?
    for layer in layers {
      switch layer {
      case .pooling:
        shape = Shape(
          samples: shape.samples, height: shape.height / 2, width: shape.width / 2,
          channels: shape.channels)
        network = network + Segment(layers: [MaximumPooling(size: 2)], outputs: [shape])
        index += 1
      case .convolution(let channels):
        let name = "\(index + 1)"
        let softplus = sharedBeta.map { activation(name, sharing: $0) } ?? activation(name)
        sharedBeta = sharedBeta ?? softplus.parameters.first
        network =
          network
          + activatedBlock(
            "\(index)", at: network.layers.count, from: shape, channels: channels, bias: .trained,
            activation: softplus)
        shape = network.output
        index += 2
      }
    }
    return network + linear("\(index + 1)", from: shape, isNormalized: false)
  }
}
