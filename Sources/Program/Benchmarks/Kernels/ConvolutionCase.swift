import Kernels
import Layers
import MessagePassing
import Tensors

/// One convolution by itself, as a network of so many samples has it, on noise.
final class ConvolutionCase {
  let geometry: ConvolutionGeometry
  let samples: Int
  private let layer: Convolution2D
  private let x: Edge
  private let y: Edge
  private let slices: Slices
  private let arena: Arena

  init(
    _ geometry: ConvolutionGeometry, samples: Int, slices: Slices, derivatives: Derivatives,
    algorithm: Convolution2D.Algorithm, precision: Precision
  ) throws {
    self.geometry = geometry
    self.samples = samples
    self.slices = slices
    let (plan, arena) = try Arena.plan { arena in
      ConvolutionCase.plan(
        geometry, algorithm: algorithm,
        site: LayerSite(
          communicator: SoloCommunicator(), maximumSamples: samples, slices: slices,
          derivatives: derivatives, precision: precision, arena: arena))
    }
    (layer, x, y) = plan
    self.arena = arena
    let noise = Noise()
    noise.fill(x)
    noise.fill(y)
    noise.fill(layer.weight.value)
    layer.refresh()
  }

  private static func plan(
    _ geometry: ConvolutionGeometry, algorithm: Convolution2D.Algorithm, site: LayerSite
  ) -> (Convolution2D, Edge, Edge) {
    let (arena, samples) = (site.arena, site.maximumSamples)
    let weight = Parameter(
      .weight, name: "weight", shape: geometry.weightShape,
      layout: .kernel(
        height: geometry.kernelHeight, width: geometry.kernelWidth,
        inputs: geometry.inputChannels, outputs: geometry.outputChannels))
    let layer = Convolution2D(
      geometry, weight: weight, bias: nil, spectralNorm: nil, algorithm: algorithm, site: site)
    site.workspace.place(in: arena)
    let x = arena.edge(geometry.inputShape(samples: samples), site.derivatives)
    let y = arena.edge(geometry.outputShape(samples: samples), site.derivatives)
    weight.place(
      value: arena.tensor(weight.shape), gradient: arena.tensor(weight.shape),
      momentumBuffer: .absent(weight.shape))
    return (layer, x, y)
  }

  func run(_ pass: ConvolutionPass) {
    layer.weight.beginGradient()
    switch pass {
    case .forward: layer.forward(x, into: y, mode: .training)
    case .dataGradient: layer.backward(y, into: x, gradients: nil)
    case .weightGradient: layer.backward(y, into: withoutGradients, gradients: writer(.loss))
    case .bothGradients: layer.backward(y, into: x, gradients: writer(.loss))
    case .gradientTangents:
      layer.backwardTangent(
        y, into: x,
        gradients: writer(GradientWeights(previous: 0, primal: 1, tangent: 1)))
    case .weightGradientTangent:
      layer.backwardTangent(
        y, into: withoutGradients,
        gradients: writer(GradientWeights(previous: 0, primal: 1, tangent: 1)))
    }
  }

  private func writer(_ weights: GradientWeights) -> GradientWriter {
    GradientWriter(weights, slices: slices, exactSums: nil)
  }

  /// x as at the beginning of a network, without gradients.
  private var withoutGradients: Edge {
    Edge(
      value: x.value, gradient: .absent(x.shape), tangent: x.tangent,
      gradientTangent: .absent(x.shape))
  }
}

/// The products of a convolution in the passes of a step.
public enum ConvolutionPass: String, Sendable, CaseIterable, Codable {
  case forward
  case dataGradient
  case weightGradient
  /// Data and weight gradient in one, as a backward sweep makes them.
  case bothGradients
  /// The gradients of the last sweep of a step with a penalty on input gradients.
  case gradientTangents
  /// The weight's part of `gradientTangents`, without the input's.
  case weightGradientTangent

  /// The number of products by the direct count.
  public var products: Int {
    switch self {
    case .forward, .dataGradient, .weightGradient: 1
    case .bothGradients, .weightGradientTangent: 2
    case .gradientTangents: 3
    }
  }

  /// The passes of a step, with or without tangents.
  static func all(penalizesInputGradient: Bool) -> [ConvolutionPass] {
    penalizesInputGradient ? allCases : [.forward, .dataGradient, .weightGradient, .bothGradients]
  }
}

extension TracedPass {
  /// The products of a convolution in a sweep.
  func convolutionPass(isFirst: Bool) -> ConvolutionPass? {
    switch self {
    case .forward, .attackForward, .cureForward: .forward
    case .forwardTangent, .cureForwardTangent: .forward
    case .dataBackward, .attackBackward, .cureBackward: .dataGradient
    case .backward: isFirst ? .weightGradient : .bothGradients
    case .backwardTangent, .cureBackwardTangent:
      isFirst ? .weightGradientTangent : .gradientTangents
    case .refresh, .attackMoves, .cureDifference, .loss, .reduce, .pullBack, .update: nil
    }
  }
}
