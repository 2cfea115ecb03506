import Failures
import Kernels
import Layers
import Tensors

/// The rows of the table that are fused blocks; their oracles are those of their layers.
extension LayerCase {
  static var blocks: [LayerCase] {
    [
      convolutionBlock("convolution block", .lipschitz, gamma: 0.3, .training),
      convolutionBlock("convolution block, evaluation", .lipschitz, gamma: 0.3, .evaluation),
      convolutionBlock("convolution block, GELU", .none, gamma: 10, .training, .gelu),
      residualBlock("residual block, identity shortcut", shortcut: .absent),
      residualBlock("residual block, convolution as shortcut", shortcut: .present),
      residualBlock("residual block, GELU", shortcut: .absent, .gelu),
      residualBlock("residual block, SiLU, convolution as shortcut", shortcut: .present, .silu),
    ]
  }

  private static func geometry(channels: Int, kernel: Int, stride: Int) -> ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: 4, inputWidth: 4, inputChannels: 3, outputChannels: channels,
      kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: kernel / 2)
  }

  private static func makeBlock(
    _ geometry: ConvolutionGeometry, _ constraint: BatchNorm.Constraint,
    factors: BatchNorm.Factors, _ function: ActivationFunction?, _ site: LayerSite
  ) -> ConvolutionBlock {
    ConvolutionBlock(
      product(geometry, bias: .absent, norm: .absent, order: .inputFirst, site),
      makeBatchNorm(constraint, channels: geometry.outputChannels, factors: factors, site),
      makeActivation(function, site),
      edge: site.arena.edge(geometry.outputShape(samples: site.maximumSamples), .second),
      site: site)
  }

  /// The function, fixed; a centered softplus with trained β if there is none.
  private static func makeActivation(
    _ function: ActivationFunction?, _ site: LayerSite
  ) -> any Activation {
    function.map { FixedActivation($0) } ?? makeCenteredSoftplus(site)
  }

  private static func convolutionBlock(
    _ name: String, _ constraint: BatchNorm.Constraint, gamma: Float, _ mode: Mode,
    _ function: ActivationFunction? = nil
  ) -> LayerCase {
    let geometry = geometry(channels: 5, kernel: 3, stride: 1)
    return LayerCase(
      name, input: geometry.inputShape(samples: samples),
      output: geometry.outputShape(samples: samples), mode: mode,
      hasBatchStatistics: mode == .training, gamma: gamma,
      make: { makeBlock(geometry, constraint, factors: .one, function, $0) },
      oracle: { x, layer in
        oracle(layer.evaluation, x, constraint, mode)
      })
  }

  private static func residualBlock(
    _ name: String, shortcut: Piece, _ function: ActivationFunction? = nil
  ) -> LayerCase {
    let channels = shortcut == .present ? 5 : 3
    let stride = shortcut == .present ? 2 : 1
    let outer = geometry(channels: channels, kernel: 3, stride: stride)
    let output = outer.outputShape(samples: samples)
    return LayerCase(
      name, input: outer.inputShape(samples: samples), output: output, hasBatchStatistics: true,
      make: { site in
        let edge = output.withFirst(site.maximumSamples)
        func normalized(
          _ geometry: ConvolutionGeometry, _ factors: BatchNorm.Factors
        ) -> ResidualBlock.Normalized {
          ResidualBlock.Normalized(
            convolution: product(
              geometry, bias: .absent, norm: .absent, order: .inputFirst, site),
            norm: makeBatchNorm(.none, channels: channels, factors: factors, site),
            edge: site.arena.edge(edge, .second))
        }
        let inner = ConvolutionGeometry(
          inputHeight: output.height, inputWidth: output.width, inputChannels: channels,
          outputChannels: channels, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1)
        return ResidualBlock(
          first: makeBlock(outer, .none, factors: ResidualBlock.firstFactors, function, site),
          inner: site.arena.edge(edge, .second),
          second: normalized(inner, ResidualBlock.secondFactors),
          shortcut: shortcut == .present
            ? normalized(
              geometry(channels: channels, kernel: 1, stride: 2), ResidualBlock.shortcutFactors)
            : nil,
          activation: makeActivation(function, site), site: site)
      },
      oracle: { x, layer in oracle(layer.evaluation, x, .none, .training) })
  }

  /// One map after the other, each by its oracle.
  private static func oracle(
    _ maps: [EvaluationMap], _ x: [Double], _ constraint: BatchNorm.Constraint, _ mode: Mode
  ) -> [Double] {
    maps.reduce(x) { x, map in
      switch map {
      case .affine(let layer): productOracle(x, layer)
      case .normalization(let layer): batchNormOracle(x, layer, constraint, mode)
      case .activation(let layer): activationOracle(x, layer)
      case .averagePooling, .maximumPooling: unreachable("no block contains a pooling")
      case .residual(let branch, let shortcut):
        residualOracle(branch, shortcut, x.map { $0 * 0.5.squareRoot() }, constraint, mode)
      }
    }
  }

  private static func residualOracle(
    _ branch: [EvaluationMap], _ shortcut: [EvaluationMap]?, _ x: [Double],
    _ constraint: BatchNorm.Constraint, _ mode: Mode
  ) -> [Double] {
    let other = shortcut.map { oracle($0, x, constraint, mode) } ?? x
    return zip(oracle(branch, x, constraint, mode), other).map { 0.5 * ($0 + $1) }
  }
}
