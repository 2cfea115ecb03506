import Kernels
import Layers
import MessagePassing
import Tensors

/// Lays out the layers of an ``Architecture`` in an arena, under the names of the reference's state dict.
struct NetworkBuilder {
  let architecture: Architecture
  let configuration: ModelConfiguration
  let communicator: any Communicator
  let workspace: Workspace
  let arena: Arena

  /// A piece of a chain and the shape that it leaves, for the largest number of samples.
  struct Stage {
    var layers: [any Layer]
    /// `outputs[k]` is what `layers[k]` writes.
    var outputs: [Shape]
    /// `writing[k]`: the part of its work in which `layers[k]` writes its output in forward passes, and with
    /// which it has read its gradients in backward ones.
    var writing: [Timeline.Part]

    init(layers: [any Layer], outputs: [Shape], writing: [Timeline.Part]) {
      self.layers = layers
      self.outputs = outputs
      self.writing = writing
    }

    /// Layers whose work has no parts.
    init(layers: [any Layer], outputs: [Shape]) {
      self.init(
        layers: layers, outputs: outputs, writing: outputs.map { _ in .convolution })
    }

    /// What the last layer writes.
    var output: Shape { outputs[outputs.count - 1] }

    static func + (a: Stage, b: Stage) -> Stage {
      Stage(
        layers: a.layers + b.layers, outputs: a.outputs + b.outputs, writing: a.writing + b.writing)
    }
  }

  var inputShape: Shape {
    Shape(
      samples: configuration.maximumSamples, height: architecture.height,
      width: architecture.width, channels: architecture.channels)
  }

  func build() -> Stage {
    switch architecture.body {
    case .resNet(let stem, let widths, let blocks):
      buildResNet(stem: stem, widths: widths, blocks: blocks)
    case .vgg(let layers):
      buildVGG(layers)
    }
  }

  /// The chain of a plain block, which keeps all edges.
  func plainChain(_ stage: Stage) -> Chain {
    Chain(
      stage.layers,
      interior: stage.outputs.dropLast().map { arena.edge($0, configuration.derivatives) })
  }

  /// The network's own chain.
  func chain(_ stage: Stage) -> Chain {
    guard configuration.fusion == .fused else { return plainChain(stage) }
    let edges = stage.outputs.dropLast().enumerated().map { layer, shape in
      chainEdge(shape, after: layer, written: stage.writing[layer])
    }
    return Chain(stage.layers, interior: edges)
  }

  // MARK: - Pieces

  enum Bias { case none, trained }

  /// Convolution and batch norm, the reference's ConvBNBlock.
  func convolutionBatchNorm(
    _ name: String, from input: Shape, channels: Int, kernel: Int, stride: Int, bias: Bias,
    factors: BatchNorm.Factors = .one
  ) -> (convolution: Convolution2D, norm: BatchNorm, output: Shape) {
    let geometry = ConvolutionGeometry(
      inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: channels, kernelHeight: kernel, kernelWidth: kernel, stride: stride,
      padding: kernel / 2)
    let layout = CheckpointLayout.kernel(
      height: kernel, width: kernel, inputs: input.channels, outputs: channels)
    let convolution = product(
      "\(name).conv", geometry, layout: layout, bias: bias, order: .inputFirst,
      isNormalized: architecture.variant == .lowCurvature)
    let logLipschitz = Parameter(
      .logLipschitz, name: "\(name).log_lipschitz", shape: [], layout: .unchanged([]),
      isTrained: architecture.variant == .lowCurvature)
    let batchNorm = BatchNorm(
      channels: channels,
      constraint: architecture.variant == .lowCurvature ? .lipschitz : .none, factors: factors,
      logLipschitz: logLipschitz, name: name, maximumSamples: configuration.maximumSamples,
      communicator: communicator, scope: configuration.batchNormScope,
      slices: configuration.slices, order: configuration.sumOrder, arena: arena)
    return (convolution, batchNorm, geometry.outputShape(samples: input.samples))
  }

  /// A linear layer on the flattened image.
  func linear(_ name: String, from input: Shape, isNormalized: Bool) -> Stage {
    let geometry = ConvolutionGeometry.linear(
      height: input.height, width: input.width, channels: input.channels,
      outputs: architecture.classes)
    let layout = CheckpointLayout.linear(
      height: input.height, width: input.width, channels: input.channels,
      outputs: architecture.classes)
    let layer = product(
      name, geometry, layout: layout, bias: .trained, order: .outputFirst,
      isNormalized: isNormalized)
    return Stage(layers: [layer], outputs: [geometry.outputShape(samples: input.samples)])
  }

  /// An activation with a β of its own, or the standard variant's.
  func activation(_ name: String) -> any SoftplusActivation {
    switch architecture.variant {
    case .standard(let beta):
      return FixedSoftplus(beta: beta)
    case .lowCurvature:
      let logBeta = Parameter(
        .logBeta, name: "\(name).log_beta", shape: [], layout: .unchanged([]))
      return CenteredSoftplus(
        logBeta: logBeta,
        exponential: Exponential(logBeta, offset: Exponential.betaOffset, arena: arena),
        slices: configuration.slices)
    }
  }

  /// One more layer that uses an earlier activation's β.
  func activation(_ name: String, sharing logBeta: Parameter) -> any SoftplusActivation {
    logBeta.share(as: "\(name).log_beta")
    return CenteredSoftplus(logBeta: logBeta, exponential: nil, slices: configuration.slices)
  }

  private func product(
    _ name: String, _ geometry: ConvolutionGeometry, layout: CheckpointLayout, bias: Bias,
    order: SpectralNorm.Order, isNormalized: Bool
  ) -> Convolution2D {
    let weight = Parameter(
      .weight, name: isNormalized ? "\(name).parametrizations.weight.original" : "\(name).weight",
      shape: [
        geometry.kernelHeight, geometry.kernelWidth, geometry.inputChannels,
        geometry.outputChannels,
      ], layout: layout)
    let biasParameter =
      bias == .none
      ? nil
      : Parameter(
        .bias, name: "\(name).bias", shape: [geometry.outputChannels],
        layout: .unchanged([geometry.outputChannels]))
    let spectralNorm =
      isNormalized
      ? SpectralNorm(
        weight, geometry: geometry, order: order, name: name, workspace: workspace, arena: arena)
      : nil
    return Convolution2D(
      geometry, weight: weight, bias: biasParameter, spectralNorm: spectralNorm,
      maximumSamples: configuration.maximumSamples, slices: configuration.slices,
      derivatives: configuration.derivatives, precision: configuration.precision,
      transforms: configuration.trains ? .none : .both, workspace: workspace, arena: arena)
  }
}
