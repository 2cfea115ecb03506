import Failures
import Kernels
import Layers
import Tensors

/// The table of layers: a new layer adds a row.
extension LayerCase {
  static let samples = 7

  public static let all: [LayerCase] =
    [
      convolution("convolution 3×3", kernel: 3, stride: 1, bias: .present, norm: .absent),
      convolution("convolution 3×3, stride 2", kernel: 3, stride: 2, bias: .absent, norm: .absent),
      convolution(
        "convolution 3×3 of many channels", inputs: 16, outputs: 19, kernel: 3, stride: 1,
        bias: .present, norm: .absent),
      convolution("convolution 1×1", kernel: 1, stride: 1, bias: .absent, norm: .absent),
      convolution("convolution 1×1, stride 2", kernel: 1, stride: 2, bias: .present, norm: .absent),
      convolution("spectral convolution 3×3", kernel: 3, stride: 1, bias: .absent, norm: .present),
      convolution(
        "spectral convolution 3×3, stride 2", kernel: 3, stride: 2, bias: .absent, norm: .present),
      convolution(
        "matrix-norm convolution 3×3, stride 2", kernel: 3, stride: 2, bias: .absent,
        norm: .matrix),
      linear("linear", norm: .absent),
      linear("spectral linear", norm: .present),
    ] + batchNorms + [
      centeredSoftplus, fixedSoftplus,
      activation("fixed centered softplus", .centeredSoftplus(beta: 4)),
      activation("ReLU", .relu), activation("GELU", .gelu), activation("SiLU", .silu),
      maximumPooling, averagePooling,
      residual("residual, identity shortcut", shortcut: .absent),
      residual("residual, convolution and batch norm as shortcut", shortcut: .present),
    ] + blocks

  enum Piece: Sendable {
    case present, absent
    /// The norm of the weight as a matrix, of a convolution.
    case matrix
  }

  // MARK: - Products

  static func product(
    _ geometry: ConvolutionGeometry, bias: Piece, norm: Piece, order: SpectralNorm.Order,
    _ site: LayerSite
  ) -> Convolution2D {
    let weight = Parameter(
      .weight, name: "weight",
      shape: [
        geometry.kernelHeight, geometry.kernelWidth, geometry.inputChannels,
        geometry.outputChannels,
      ], layout: .unchanged([geometry.patch * geometry.outputChannels]))
    let biasParameter =
      bias == .present
      ? Parameter(
        .bias, name: "bias", shape: [geometry.outputChannels],
        layout: .unchanged([geometry.outputChannels])) : nil
    let matrix = ConvolutionGeometry.linear(
      height: geometry.kernelHeight, width: geometry.kernelWidth, channels: geometry.inputChannels,
      outputs: geometry.outputChannels)
    let spectralNorm: SpectralNorm? =
      switch norm {
      case .absent: nil
      case .present:
        SpectralNorm(weight, geometry: geometry, order: order, name: "layer", site: site)
      case .matrix:
        SpectralNorm(weight, geometry: matrix, order: .outputFirst, name: "layer", site: site)
      }
    return Convolution2D(
      geometry, weight: weight, bias: biasParameter, spectralNorm: spectralNorm, site: site)
  }

  static func productOracle(_ x: [Double], _ layer: any Layer) -> [Double] {
    guard let layer = layer as? Convolution2D else { unreachable("not a convolution") }
    var weight = layer.weight.value.doubles
    if let norm = layer.reparameterizations.first as? SpectralNorm {
      let g = layer.geometry
      let isImage = norm.u.shape.height > 1
      let wide = (g.inputHeight - 1) * g.stride - 2 * g.padding + g.kernelHeight
      let operatorGeometry =
        isImage
        ? ConvolutionGeometry(
          inputHeight: wide, inputWidth: wide, inputChannels: g.inputChannels,
          outputChannels: g.outputChannels, kernelHeight: g.kernelHeight,
          kernelWidth: g.kernelWidth, stride: g.stride, padding: g.padding)
        : .linear(
          height: g.kernelHeight, width: g.kernelWidth, channels: g.inputChannels,
          outputs: g.outputChannels)
      weight = DoubleOracle.normalized(
        weight, u: norm.u.doubles, v: norm.v.doubles, operatorGeometry)
    }
    return DoubleOracle.convolution(
      x, weight: weight, bias: layer.bias?.value.doubles, layer.geometry)
  }

  private static func convolution(
    _ name: String, inputs: Int = 3, outputs: Int = 4, kernel: Int, stride: Int, bias: Piece,
    norm: Piece
  ) -> LayerCase {
    let geometry = ConvolutionGeometry(
      inputHeight: 5, inputWidth: 5, inputChannels: inputs, outputChannels: outputs,
      kernelHeight: kernel,
      kernelWidth: kernel, stride: stride, padding: kernel / 2)
    return LayerCase(
      name, input: geometry.inputShape(samples: samples),
      output: geometry.outputShape(samples: samples),
      make: { product(geometry, bias: bias, norm: norm, order: .inputFirst, $0) },
      oracle: productOracle)
  }

  private static func linear(_ name: String, norm: Piece) -> LayerCase {
    let geometry = ConvolutionGeometry.linear(height: 2, width: 2, channels: 3, outputs: 5)
    return LayerCase(
      name, input: geometry.inputShape(samples: samples),
      output: geometry.outputShape(samples: samples),
      make: { product(geometry, bias: .present, norm: norm, order: .outputFirst, $0) },
      oracle: productOracle)
  }

  // MARK: - Batch norm

  private static let normShape = Shape(samples: samples, height: 3, width: 3, channels: 4)

  private static var batchNorms: [LayerCase] {
    [
      batchNorm("batch norm", .none, gamma: 10, .training),
      batchNorm("batch norm, evaluation", .none, gamma: 10, .evaluation),
      batchNorm("Lipschitz batch norm that clips", .lipschitz, gamma: 0.3, .training),
      batchNorm("Lipschitz batch norm that does not clip", .lipschitz, gamma: 10, .training),
      batchNorm("Lipschitz batch norm that clips, evaluation", .lipschitz, gamma: 0.3, .evaluation),
    ]
  }

  static func makeBatchNorm(
    _ constraint: BatchNorm.Constraint, channels: Int, factors: BatchNorm.Factors = .one,
    _ site: LayerSite
  ) -> BatchNorm {
    BatchNorm(
      channels: channels, constraint: constraint, factors: factors,
      logLipschitz: Parameter(
        .logLipschitz, name: "log_lipschitz", shape: [], layout: .unchanged([]),
        isTrained: constraint == .lipschitz),
      name: "layer", site: site)
  }

  private static func batchNorm(
    _ name: String, _ constraint: BatchNorm.Constraint, gamma: Float, _ mode: Mode
  ) -> LayerCase {
    LayerCase(
      name, input: normShape, output: normShape, mode: mode, hasBatchStatistics: mode == .training,
      gamma: gamma, make: { makeBatchNorm(constraint, channels: normShape.channels, $0) },
      oracle: { x, layer in batchNormOracle(x, layer, constraint, mode) })
  }

  static func batchNormOracle(
    _ x: [Double], _ layer: any Layer, _ constraint: BatchNorm.Constraint, _ mode: Mode
  ) -> [Double] {
    guard let layer = layer as? BatchNorm else { unreachable("not a batch norm") }
    let variance = layer.runningVariance.doubles
    let scale = ((variance.min() ?? 0) + 1e-5).squareRoot()
    let gamma = Double(layer.logLipschitz.effective[0])
    return DoubleOracle.batchNorm(
      x, channels: variance.count,
      multiplier: constraint == .lipschitz ? scale * min(1 / scale, gamma) : 1,
      mean: mode == .evaluation ? layer.runningMean.doubles : nil,
      variance: mode == .evaluation ? variance : nil)
  }

  // MARK: - Activations and pooling

  private static let activationShape = Shape(samples: samples, height: 3, width: 2, channels: 5)

  static func makeCenteredSoftplus(_ site: LayerSite) -> CenteredSoftplus {
    let logBeta = Parameter(.logBeta, name: "log_beta", shape: [], layout: .unchanged([]))
    return CenteredSoftplus(
      logBeta: logBeta,
      exponential: Exponential(logBeta, offset: Exponential.betaOffset, arena: site.arena),
      slices: site.slices)
  }

  static func centeredSoftplusOracle(_ x: [Double], _ layer: any Layer) -> [Double] {
    let beta = Double(layer.parameters[0].effective[0])
    return DoubleOracle.softplus(x, beta: beta, offset: 0.6931471805599453)
  }

  private static var centeredSoftplus: LayerCase {
    LayerCase(
      "centered softplus", input: activationShape, output: activationShape,
      make: makeCenteredSoftplus, oracle: centeredSoftplusOracle)
  }

  private static var fixedSoftplus: LayerCase {
    LayerCase(
      "softplus with β = 10", input: activationShape, output: activationShape,
      make: { _ in FixedActivation(.softplus(beta: 10)) },
      oracle: { x, _ in DoubleOracle.softplus(x, beta: 10, offset: 0) })
  }

  private static func activation(_ name: String, _ function: ActivationFunction) -> LayerCase {
    LayerCase(
      name, input: activationShape, output: activationShape,
      make: { _ in FixedActivation(function) },
      oracle: { x, _ in x.map(ActivationFunctionReference(function).value) })
  }

  /// The activation by its twin, with the layer's present β.
  static func activationOracle(_ x: [Double], _ layer: any Activation) -> [Double] {
    x.map(ActivationFunctionReference(layer.function).value)
  }

  private static var maximumPooling: LayerCase {
    LayerCase(
      "maximum pooling, odd extents", input: [samples, 5, 4, 3], output: [samples, 2, 2, 3],
      make: { _ in MaximumPooling(size: 2) },
      oracle: { x, _ in
        DoubleOracle.maximumPool(x, height: 5, width: 4, channels: 3, size: 2)
      })
  }

  private static var averagePooling: LayerCase {
    LayerCase(
      "global average pooling", input: [samples, 3, 2, 4], output: [samples, 1, 1, 4],
      make: { _ in GlobalAveragePooling() },
      oracle: { x, _ in DoubleOracle.averagePool(x, positions: 6, channels: 4) })
  }

  // MARK: - Residual

  private static func residual(_ name: String, shortcut: Piece) -> LayerCase {
    let channels = shortcut == .present ? 5 : 3
    let geometry = ConvolutionGeometry(
      inputHeight: 4, inputWidth: 4, inputChannels: 3, outputChannels: channels, kernelHeight: 3,
      kernelWidth: 3, stride: shortcut == .present ? 2 : 1, padding: 1)
    let pointwise = ConvolutionGeometry(
      inputHeight: 4, inputWidth: 4, inputChannels: 3, outputChannels: channels, kernelHeight: 1,
      kernelWidth: 1, stride: 2, padding: 0)
    let output = geometry.outputShape(samples: samples)
    return LayerCase(
      name, input: geometry.inputShape(samples: samples), output: output, hasBatchStatistics: true,
      make: { site in
        let local = output.withFirst(site.maximumSamples)
        func chain(_ geometry: ConvolutionGeometry, _ more: [any Layer]) -> Chain {
          let layers: [any Layer] =
            [
              product(geometry, bias: .absent, norm: .absent, order: .inputFirst, site),
              makeBatchNorm(.none, channels: channels, site),
            ] + more
          return Chain(
            layers, interior: layers.dropLast().map { _ in site.arena.edge(local, .second) })
        }
        return Residual(
          branch: chain(geometry, [makeCenteredSoftplus(site)]),
          shortcut: shortcut == .present ? chain(pointwise, []) : nil,
          input: geometry.inputShape(samples: site.maximumSamples), output: local, site: site)
      },
      oracle: { x, layer in
        guard let layer = layer as? Residual else { unreachable("not a residual block") }
        let halved = x.map { $0 * 0.5.squareRoot() }
        func convolutionBatchNorm(_ chain: Chain, _ x: [Double]) -> [Double] {
          let y = productOracle(x, chain.layers[0])
          return DoubleOracle.batchNorm(y, channels: channels, multiplier: 1)
        }
        let branch = centeredSoftplusOracle(
          convolutionBatchNorm(layer.branch, halved), layer.branch.layers[2])
        let other = layer.shortcut.map { convolutionBatchNorm($0, halved) } ?? halved
        return zip(branch, other).map { 0.5 * ($0 + $1) }
      })
  }
}
