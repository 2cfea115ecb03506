import Kernels
import Layers
import MessagePassing
import Tensors

/// Builds the layers of an ``Architecture``, with the names of the reference's state dict.
struct NetworkBuilder {
  let architecture: Architecture
  let configuration: ModelConfiguration
  let site: LayerSite

  /// Consecutive layers of a chain, with their output shapes for the largest number of samples.
  struct Segment {
    var layers: [any Layer]
    /// `outputs[k]` is the output shape of `layers[k]`.
    var outputs: [Shape]
    /// `outputParts[k]` is the part of `layers[k]` that writes its output in forward passes, and
    /// has read the output's gradients in backward passes.
    var outputParts: [Timeline.Part]

    init(layers: [any Layer], outputs: [Shape], outputParts: [Timeline.Part]) {
      self.layers = layers
      self.outputs = outputs
      self.outputParts = outputParts
    }

    /// Layers with a single part.
    init(layers: [any Layer], outputs: [Shape]) {
      self.init(
        layers: layers, outputs: outputs, outputParts: outputs.map { _ in .convolution })
    }

    /// The output shape of the last layer.
    var output: Shape { outputs[outputs.count - 1] }

    static func + (a: Segment, b: Segment) -> Segment {
      Segment(
        layers: a.layers + b.layers, outputs: a.outputs + b.outputs,
        outputParts: a.outputParts + b.outputParts)
    }
  }

  var inputShape: Shape {
    Shape(
      samples: configuration.maximumSamples, height: architecture.height,
      width: architecture.width, channels: architecture.channels)
  }

  func build() -> Segment {
    switch architecture.body {
    case .resNet(let stem, let widths, let blocks):
      buildResNet(stem: stem, widths: widths, blocks: blocks)
    case .vgg(let layers):
      buildVGG(layers)
    }
  }

  /// The chain of a plain block, which stores all edges.
  func plainChain(_ segment: Segment) -> Chain {
    Chain(
      segment.layers,
      interior: segment.outputs.dropLast().map { site.arena.edge($0, site.derivatives) })
  }

  /// The chain of the whole network.
  func chain(_ segment: Segment) -> Chain {
    guard configuration.fusion == .fused else { return plainChain(segment) }
    let edges = segment.outputs.dropLast().enumerated().map { layer, shape in
      chainEdge(shape, after: layer, writtenIn: segment.outputParts[layer])
    }
    return Chain(segment.layers, interior: edges)
  }

  // MARK: - Pieces

  enum Bias { case none, trained }

  /// Convolution and batch norm: the reference's ConvBNBlock.
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
      "\(name).conv", geometry, layout: layout, bias: bias, norm: spectralNorm(of: geometry))
    let logLipschitz = Parameter(
      .logLipschitz, name: "\(name).log_lipschitz", shape: [], layout: .unchanged([]),
      isTrained: architecture.variant.batchNorm == .lipschitz)
    let batchNorm = BatchNorm(
      channels: channels,
      constraint: architecture.variant.batchNorm, factors: factors,
      logLipschitz: logLipschitz, name: name, site: site)
    return (convolution, batchNorm, geometry.outputShape(samples: input.samples))
  }

  /// A linear layer on the flattened image.
  func linear(_ name: String, from input: Shape, isNormalized: Bool) -> Segment {
    let geometry = ConvolutionGeometry.linear(
      height: input.height, width: input.width, channels: input.channels,
      outputs: architecture.classes)
    let layout = CheckpointLayout.linear(
      height: input.height, width: input.width, channels: input.channels,
      outputs: architecture.classes)
    let layer = product(
      name, geometry, layout: layout, bias: .trained,
      norm: isNormalized ? (geometry, .outputFirst) : nil)
    return Segment(layers: [layer], outputs: [geometry.outputShape(samples: input.samples)])
  }

  /// An activation, with a new β where β is trained.
  func activation(_ name: String) -> any Activation {
    switch architecture.variant.activation {
    case .fixed(let function):
      return FixedActivation(function)
    case .trainedSoftplus:
      let logBeta = Parameter(
        .logBeta, name: "\(name).log_beta", shape: [], layout: .unchanged([]))
      return CenteredSoftplus(
        logBeta: logBeta,
        exponential: Exponential(logBeta, offset: Exponential.betaOffset, arena: site.arena),
        slices: site.slices)
    }
  }

  /// An activation that shares the β of an earlier one.
  func activation(_ name: String, sharing logBeta: Parameter) -> any Activation {
    logBeta.share(as: "\(name).log_beta")
    return CenteredSoftplus(logBeta: logBeta, exponential: nil, slices: site.slices)
  }

  /// The operator whose norm divides a weight, and the order of its power iteration.
  private typealias Norm = (geometry: ConvolutionGeometry, order: SpectralNorm.Order)

  private func spectralNorm(of geometry: ConvolutionGeometry) -> Norm? {
    switch architecture.variant.spectralNorm {
    case .convolution: (geometry, .inputFirst)
    case .matrix:
      (
        .linear(
          height: geometry.kernelHeight, width: geometry.kernelWidth,
          channels: geometry.inputChannels, outputs: geometry.outputChannels), .outputFirst
      )
    case .none: nil
    }
  }

  private func product(
    _ name: String, _ geometry: ConvolutionGeometry, layout: CheckpointLayout, bias: Bias,
    norm: Norm?
  ) -> Convolution2D {
    let weight = Parameter(
      .weight, name: norm == nil ? "\(name).weight" : "\(name).parametrizations.weight.original",
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
      norm.map {
        SpectralNorm(weight, geometry: $0.geometry, order: $0.order, name: name, site: site)
      }
    return Convolution2D(
      geometry, weight: weight, bias: biasParameter, spectralNorm: spectralNorm,
      site: site)
  }
}
