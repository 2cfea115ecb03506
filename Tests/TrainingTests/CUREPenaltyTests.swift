import Kernels
import MessagePassing
import Networks
import RandomNumbers
import TestSupport
import Testing
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// CURE's penalty of a small standard VGG, in double precision and by nothing but forward passes.
private struct PenaltyOracle {
  static let beta: Float = 10
  static let side = 4
  static let channels = [2, 3, 4]
  static let classes = 3

  let labels: [Int]
  let step: Double

  static func architecture() throws(ArchitectureError) -> Architecture {
    try Architecture(
      .vgg(channels.dropFirst().map { .convolution(channels: $0) }),
      variant: .standard(beta: beta), height: side, width: side, channels: channels[0],
      classes: classes)
  }

  /// The mean cross-entropy, batch norms in training mode.
  func loss(_ pixels: [Double], _ weights: [String: [Double]]) -> Double {
    var x = pixels
    for layer in 0..<2 {
      let name = "\(2 * layer).conv"
      x = DoubleOracle.convolution(
        x, weight: weights["\(name).weight"] ?? [], bias: weights["\(name).bias"],
        ConvolutionGeometry(
          inputHeight: Self.side, inputWidth: Self.side, inputChannels: Self.channels[layer],
          outputChannels: Self.channels[layer + 1], kernelHeight: 3, kernelWidth: 3, stride: 1,
          padding: 1))
      x = DoubleOracle.batchNorm(x, channels: Self.channels[layer + 1], multiplier: 1)
      x = DoubleOracle.softplus(x, beta: Double(Self.beta), offset: 0)
    }
    let logits = DoubleOracle.convolution(
      x, weight: weights["5.weight"] ?? [], bias: weights["5.bias"],
      .linear(
        height: Self.side, width: Self.side, channels: Self.channels[2], outputs: Self.classes))
    return labels.indices.reduce(0) { sum, sample in
      let z = logits[sample * Self.classes..<(sample + 1) * Self.classes]
      let largest = z.max() ?? 0
      let logSum = largest + log(z.reduce(0) { $0 + exp($1 - largest) })
      return sum + (logSum - z[z.startIndex + labels[sample]]) / Double(labels.count)
    }
  }

  /// ∇ₓL by central differences.
  func gradient(_ pixels: [Double], _ weights: [String: [Double]]) -> [Double] {
    pixels.indices.map { index in
      var ends = (pixels, pixels)
      ends.0[index] += 1e-5
      ends.1[index] -= 1e-5
      return (loss(ends.0, weights) - loss(ends.1, weights)) / 2e-5
    }
  }

  /// x + z, z = h·sign(g)/‖sign(g)‖₂ per sample.
  func secondPoint(_ pixels: [Double], _ weights: [String: [Double]]) -> [Double] {
    let length = step / Double(pixels.count / labels.count).squareRoot()
    return zip(pixels, gradient(pixels, weights)).map { $0 + ($1 > 0 ? length : -length) }
  }

  /// meanᵢ ‖∇ₓℓᵢ(y) − ∇ₓℓᵢ(x)‖².
  func penalty(_ x: [Double], _ y: [Double], _ weights: [String: [Double]]) -> Double {
    let squares = zip(gradient(y, weights), gradient(x, weights)).reduce(0) {
      $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
    }
    return squares * Double(labels.count)
  }
}

@Suite struct CUREPenaltyTests {
  private static let samples = 3
  private static let step: Float = 0.5

  /// One step that moves nothing; the gradients stay in the model.
  private func run(
    _ architecture: Architecture, weight: Float?, samples: RandomSamples
  ) throws -> (Model, TrainingStep.Result) {
    let model = try Model(
      architecture, ModelConfiguration(.trainingWithPenalty, maximumSamples: samples.count),
      communicator: SoloCommunicator())
    model.initialize(seed: 5)
    let objective = Objective(cure: weight ?? 0, cureStep: Self.step)
    let step = TrainingStep(
      model, objective: objective,
      curePenalty: weight == nil ? nil : try CUREPenalty(model, objective),
      optimizer: SGD(momentum: 0, weightDecay: 0), communicator: SoloCommunicator(),
      bucketBytes: 400)
    let result = samples.withShare { step.run($0, learningRate: 1e-30) }
    #expect(result.isApplied)
    return (model, result)
  }

  @Test("the gradient is the penalty's central difference in double precision, along any tensor")
  func gradient() throws {
    /// Float32 gradients through two points and two tangents, relative to the directional
    /// derivative.
    let tolerance = 1e-4
    let weight: Float = 2
    let architecture = try PenaltyOracle.architecture()
    let samples = RandomSamples(architecture, count: Self.samples, seed: 6)
    let (model, result) = try run(architecture, weight: weight, samples: samples)
    let (plain, _) = try run(architecture, weight: nil, samples: samples)
    let oracle = PenaltyOracle(labels: samples.classes.map(Int.init), step: Double(Self.step))
    var weights: [String: [Double]] = [:]
    for parameter in model.trained {
      weights[parameter.names[0]] = parameter.value.buffer.map(Double.init)
    }
    let x = samples.pixels.map(Double.init)
    // z is held fixed.
    let y = oracle.secondPoint(x, weights)
    let penalty = oracle.penalty(x, y, weights)
    #expect(abs(result.gradientChangeSquare / penalty - 1) < tolerance)
    for (parameter, other) in zip(model.trained, plain.trained) {
      let name = parameter.names[0]
      // Biases before a batch norm change nothing.
      if name.hasSuffix("conv.bias") { continue }
      var generator = KeyedGenerator(seed: 7, purpose: .probe)
      let direction = (0..<parameter.shape.count).map { _ in generator.normal() }
      func moved(_ length: Double) -> Double {
        var moved = weights
        moved[name] = zip(weights[name] ?? [], direction).map { $0 + length * $1 }
        return oracle.penalty(x, y, moved)
      }
      let expected = Double(weight) * (moved(1e-4) - moved(-1e-4)) / 2e-4
      let found = zip(zip(parameter.gradient.buffer, other.gradient.buffer), direction).reduce(0) {
        $0 + (Double($1.0.0) - Double($1.0.1)) * $1.1
      }
      #expect(abs(found - expected) <= tolerance * abs(expected), "\(name)")
    }
    withExtendedLifetime((model, plain)) {}
  }

  @Test("running statistics are those of the images alone", arguments: SmallNetwork.allCases)
  func statistics(network: SmallNetwork) throws {
    let architecture = try network.architecture()
    let samples = RandomSamples(architecture, count: 4, seed: 6)
    let states = try ([nil, 0.3] as [Float?]).map { weight in
      let (model, _) = try run(architecture, weight: weight, samples: samples)
      return model.stateDictionary().entries.filter { $0.name.contains(".bn.running_") }
    }
    #expect(!states[0].isEmpty && states[0].map(\.values) == states[1].map(\.values))
  }

  @Test("the penalty weighs a sample alike in any batch", arguments: [0, 0.3] as [Float])
  func perSample(weight: Float) throws {
    /// Float32 means over a batch of three.
    let tolerance = 1e-4
    // Copies of one sample have its batch statistics, too.
    let architecture = try SmallNetwork.vggStandard.architecture()
    let alone = RandomSamples(architecture, count: 1, seed: 8)
    let copies = RandomSamples(architecture, count: 3, seed: 8)
    for sample in 0..<3 {
      for (pixel, value) in alone.pixels.enumerated() {
        copies.setPixel(pixel, ofSample: sample, to: value)
      }
      copies.setLabel(ofSample: sample, to: alone.classes[0])
    }
    let (one, first) = try run(architecture, weight: weight > 0 ? weight : nil, samples: alone)
    let (three, second) = try run(architecture, weight: weight > 0 ? weight : nil, samples: copies)
    #expect(
      abs(first.gradientChangeSquare - second.gradientChangeSquare)
        <= tolerance * first.gradientChangeSquare)
    let comparison = Comparison(
      "gradients", three.gradients.buffer, one.gradients.buffer.map(Double.init))
    #expect(comparison.isWithin(tolerance), "\(comparison)")
    withExtendedLifetime((one, three)) {}
  }
}
