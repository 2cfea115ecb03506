import Kernels
import Layers
import MessagePassing
import RandomNumbers
import Tensors
import Testing

@Suite struct ConvolutionProductTests {
  /// Winograd's transforms cost up to 5e-6 of the largest value, against 1e-6 of a plain product.
  private static let tolerance: Float = 1e-5

  private struct Results {
    var value: [Float] = []
    var gradient: [Float] = []
    var tangent: [Float] = []
    var gradientTangent: [Float] = []
    var weight: [Float] = []
  }

  /// All passes of one convolution of 7 samples, 16 to 24 channels on 9 × 6 images.
  private func run(_ algorithm: Convolution2D.Algorithm, weights: GradientWeights) throws -> Results
  {
    let geometry = ConvolutionGeometry(
      inputHeight: 9, inputWidth: 6, inputChannels: 16, outputChannels: 24, kernelHeight: 3,
      kernelWidth: 3, stride: 1, padding: 1)
    let ((layer, x, y), arena) = try Arena.plan { arena in
      let weight = Parameter(
        .weight, name: "weight", shape: [3, 3, 16, 24], layout: .unchanged([3, 3, 16, 24]))
      let flat = Shape(length: weight.shape.count)
      weight.place(
        value: arena.tensor(flat), gradient: arena.tensor(flat), momentumBuffer: .absent(flat))
      let site = LayerSite(
        communicator: SoloCommunicator(), maximumSamples: 7, slices: Slices(samples: 3),
        arena: arena)
      let layer = Convolution2D(
        geometry, weight: weight, bias: nil, spectralNorm: nil, algorithm: algorithm, site: site)
      site.workspace.place(in: arena)
      return (
        layer, arena.edge(geometry.inputShape(samples: 7), .second),
        arena.edge(geometry.outputShape(samples: 7), .second)
      )
    }
    let inputs = [layer.weight.value, x.value, x.tangent, y.gradient, y.gradientTangent]
    for (index, tensor) in inputs.enumerated() {
      var random = KeyedGenerator(seed: 5, purpose: .probe, a: UInt64(index))
      random.fillNormal(tensor.buffer, standardDeviation: 1)
    }
    layer.refresh()
    layer.forward(x, into: y, mode: .training)
    let writer = GradientWriter(weights, slices: Slices(samples: 3), exactSums: nil)
    layer.backward(y, into: x, gradients: weights.tangent == 0 ? writer : nil)
    layer.forwardTangent(x, into: y)
    layer.backwardTangent(y, into: x, gradients: weights.tangent == 0 ? nil : writer)
    return withExtendedLifetime(arena) {
      Results(
        value: Array(y.value.buffer), gradient: Array(x.gradient.buffer),
        tangent: Array(y.tangent.buffer), gradientTangent: Array(x.gradientTangent.buffer),
        weight: Array(layer.weight.gradient.buffer))
    }
  }

  @Test(
    "the fastest algorithm agrees with lowering, in all passes",
    arguments: [GradientWeights.loss, GradientWeights(previous: 0, primal: 0.5, tangent: 3)])
  func agreement(weights: GradientWeights) throws {
    let fast = try run(.fastest, weights: weights)
    let plain = try run(.lowered, weights: weights)
    for (name, pass) in [
      ("value", \Results.value), ("gradient", \.gradient), ("tangent", \.tangent),
      ("gradient tangent", \.gradientTangent), ("weight gradient", \.weight),
    ] {
      let (found, expected) = (fast[keyPath: pass], plain[keyPath: pass])
      let largest = expected.map(abs).max() ?? 0
      let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference <= Self.tolerance * largest, "\(name): \(difference) of \(largest)")
      // The two ways round differently: equal bits would mean that one was not run.
      #expect(found != expected, "\(name)")
    }
  }
}
