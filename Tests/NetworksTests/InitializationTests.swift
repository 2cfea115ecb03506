import Foundation
import InProcessRanks
import Layers
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct InitializationTests {
  private func model(
    _ network: SmallNetwork, seed: UInt64, communicator: any Communicator = SoloCommunicator()
  ) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: communicator)
    model.initialize(seed: seed)
    return model
  }

  @Test("a seed gives the same bits on every rank of every number of ranks", arguments: [2, 3])
  func ranks(count: Int) throws {
    for network in SmallNetwork.allCases {
      let alone = try model(network, seed: 7).stateDictionary()
      let states = try InProcessCommunicator.run(ranks: count) { communicator in
        try model(network, seed: 7, communicator: communicator).stateDictionary()
      }
      #expect(states.allSatisfy { $0 == alone }, "\(network)")
    }
  }

  @Test("another seed gives other weights and other power-iteration vectors")
  func seeds() throws {
    let first = try model(.resNetLowCurvature, seed: 7).stateDictionary()
    let second = try model(.resNetLowCurvature, seed: 8).stateDictionary()
    for entry in first.entries {
      let isRandom = entry.name.contains("parametrizations") || entry.name.hasSuffix("bias")
      #expect((entry == second[entry.name]) != isRandom, "\(entry.name)")
    }
  }

  @Test("no two tensors of a network hold the same random numbers")
  func tensors() throws {
    let model = try model(.resNetLowCurvature, seed: 7)
    defer { withExtendedLifetime(model) {} }
    let weights = model.trained.filter { $0.kind == .weight }
    // Uniform numbers over their bounds, so that fan-in does not hide a repetition.
    let starts = weights.map { $0.value[0] * Float(fanIn($0)).squareRoot() }
    #expect(Set(starts.map { ($0 * 1e5).rounded() }).count == weights.count)
  }

  private func fanIn(_ weight: Parameter) -> Int { weight.shape.count / weight.shape[3] }

  @Test("weights and biases fill ±1/√(fan in)", arguments: SmallNetwork.allCases)
  func bounds(network: SmallNetwork) throws {
    let model = try model(network, seed: 3)
    defer { withExtendedLifetime(model) {} }
    for layer in allConvolutions(model.chain.evaluation) {
      let bound = 1 / Float(fanIn(layer.weight)).squareRoot()
      for parameter in layer.parameters {
        let largest = parameter.value.buffer.map(abs).max() ?? 0
        #expect(largest <= bound, "\(parameter.names[0])")
        // Of 18 and more uniform numbers one is beyond 60 % of the bound but for a chance of 1e-4.
        if parameter.shape.count >= 18 { #expect(largest > 0.6 * bound, "\(parameter.names[0])") }
      }
    }
  }

  private func allConvolutions(_ maps: [EvaluationMap]) -> [Convolution2D] {
    maps.flatMap { map -> [Convolution2D] in
      switch map {
      case .affine(let convolution): [convolution]
      case .normalization, .activation, .averagePooling, .maximumPooling: []
      case .residual(let branch, let shortcut):
        allConvolutions(branch) + allConvolutions(shortcut ?? [])
      }
    }
  }

  @Test("a model without an optimizer's memory can be initialized, with a trainer's bits")
  func inference() throws {
    let network = SmallNetwork.resNetLowCurvature
    let other = try Model(
      network.architecture(), ModelConfiguration(.inference, maximumSamples: 1),
      communicator: SoloCommunicator())
    other.initialize(seed: 3)
    #expect(try model(network, seed: 3).stateDictionary() == other.stateDictionary())
  }

  @Test("β is 5, γ 10, running means 0 and variances 1, momentum buffers 0")
  func constants() throws {
    let model = try model(.vggLowCurvature, seed: 3)
    defer { withExtendedLifetime(model) {} }
    for entry in model.stateDictionary().entries {
      if entry.name.hasSuffix("log_beta") { #expect(entry.values == [log(Float(5))]) }
      if entry.name.hasSuffix("log_lipschitz") { #expect(entry.values == [log(Float(10))]) }
      if entry.name.hasSuffix("running_mean") { #expect(Set(entry.values) == [0]) }
      if entry.name.hasSuffix("running_var") { #expect(Set(entry.values) == [1]) }
    }
    #expect(model.momentumBuffers.buffer.allSatisfy { $0 == 0 })
  }

  @Test("σ is close to the largest singular value of the lowered operator, and not above it")
  func singularValues() throws {
    let model = try model(.resNetLowCurvature, seed: 3)
    defer { withExtendedLifetime(model) {} }
    model.refresh(.evaluation)
    var checked = 0
    for layer in allConvolutions(model.chain.evaluation) where layer.geometry.padding > 0 {
      guard let norm = layer.reparameterizations.first as? SpectralNorm else { continue }
      let dense = DenseConvolution(norm, layer).largestSingularValue()
      // 15 iterations of a spectrum without a gap; float32 rounds the sum by some 1e-6.
      #expect(abs(Double(norm.sigma) - dense) < 0.05 * dense)
      #expect(Double(norm.sigma) < dense * (1 + 1e-5))
      checked += 1
    }
    #expect(checked == 5)
  }
}

/// A convolution's operator on one image in double precision and by plain loops.
private struct DenseConvolution {
  private let layer: Convolution2D
  private let input: Shape
  private let output: Shape

  init(_ norm: SpectralNorm, _ layer: Convolution2D) {
    self.layer = layer
    input = norm.v.shape
    output = norm.u.shape
  }

  func largestSingularValue() -> Double {
    var v = (0..<input.count).map { 1 + sin(Double($0)) }
    var norm = 0.0
    for _ in 0..<300 {
      var image = [Double](repeating: 0, count: output.count)
      forEachTap { x, y, weight in image[y] += weight * v[x] }
      norm = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      v = [Double](repeating: 0, count: input.count)
      forEachTap { x, y, weight in v[x] += weight * image[y] / norm }
      let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for index in v.indices { v[index] /= length }
    }
    return norm
  }

  /// Every product of the sum: offset in the input, offset in the output, weight.
  private func forEachTap(_ body: (Int, Int, Double) -> Void) {
    let g = layer.geometry
    for i in 0..<output.height {
      for j in 0..<output.width {
        for k in 0..<g.kernelHeight {
          for l in 0..<g.kernelWidth {
            let (row, column) = (i * g.stride + k - g.padding, j * g.stride + l - g.padding)
            guard row >= 0, row < input.height, column >= 0, column < input.width else { continue }
            let x = (row * input.width + column) * g.inputChannels
            let y = (i * output.width + j) * g.outputChannels
            let w = (k * g.kernelWidth + l) * g.inputChannels * g.outputChannels
            for c in 0..<g.inputChannels {
              for o in 0..<g.outputChannels {
                body(x + c, y + o, Double(layer.weight.value[w + c * g.outputChannels + o]))
              }
            }
          }
        }
      }
    }
  }
}
