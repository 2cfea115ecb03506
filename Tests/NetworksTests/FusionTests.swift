import Layers
import MessagePassing
import Networks
import RandomNumbers
import Tensors
import TestSupport
import Testing

/// Fused networks against the layer-by-layer ones that say what is right.
@Suite struct FusionTests {
  /// Both round differently; batch norms of 10 samples on small images amplify that.
  private static let tolerance: Float = 1e-4
  private static let samples = 10

  /// Tensors that all sweeps of a model leave, by name.
  private func results(
    _ network: SmallNetwork, _ purpose: ModelConfiguration.Purpose,
    _ fusion: ModelConfiguration.Fusion, _ mode: Mode, order: SumOrder = .fastest
  ) throws -> (values: [String: [Float]], bytes: Int) {
    let model = try Model(
      network.architecture(),
      ModelConfiguration(
        purpose, maximumSamples: Self.samples, slices: Slices(samples: 4), sumOrder: order,
        fusion: fusion),
      communicator: SoloCommunicator())
    defer { withExtendedLifetime(model) {} }
    model.initialize(seed: 4)
    for (index, tensor) in [model.input.value, model.input.tangent].enumerated()
    where tensor.isPresent {
      var random = KeyedGenerator(seed: 5, purpose: .probe, a: UInt64(index))
      random.fillNormal(tensor.buffer, standardDeviation: 1)
    }
    let trains = [.training, .trainingWithInputGradients, .trainingWithPenalty].contains(purpose)
    model.refresh(mode)
    model.exactSums?.clear()
    model.forward(Self.samples, mode: mode)
    var values = ["logits": Array(model.logits.value.buffer)]
    for index in 0..<model.logits.gradient.count where model.logits.gradient.isPresent {
      model.logits.gradient[index] = model.logits.value[index] + Float(index % 3) - 1
    }
    switch purpose {
    case .inference: break
    case .inputGradients: model.backward(Self.samples)
    case .training, .trainingWithInputGradients:
      model.backward(Self.samples, gradients: .loss) { _ in }
    case .curvature, .trainingWithPenalty:
      model.backward(Self.samples)
      model.forwardTangent(Self.samples)
      values["logit tangents"] = Array(model.logits.tangent.buffer)
      model.logits.gradientTangent.copy(from: model.logits.tangent)
      if purpose == .curvature {
        model.backwardTangent(Self.samples)
        values["Hessian-vector product"] = Array(model.input.gradientTangent.buffer)
      } else {
        let weights = GradientWeights(previous: 0, primal: 1, tangent: 0.5)
        model.backwardTangent(Self.samples, gradients: weights) { _ in }
      }
    }
    if model.input.gradient.isPresent {
      values["input gradients"] = Array(model.input.gradient.buffer)
    }
    if trains {
      model.readExactSums()
      model.pullBack()
      model.commit()
      for parameter in model.trained {
        values["gradient of \(parameter.names[0])"] = Array(parameter.gradient.buffer)
      }
      for state in model.chain.state { values[state.name] = Array(state.tensor.buffer) }
    }
    return (values, model.memoryBytes)
  }

  struct Setting: Sendable, CustomTestStringConvertible {
    let network: SmallNetwork
    let purpose: ModelConfiguration.Purpose
    let mode: Mode
    var testDescription: String { "\(network), \(purpose), \(mode)" }

    static let all = SmallNetwork.allCases.flatMap { network in
      [
        Setting(network: network, purpose: .inference, mode: .evaluation),
        Setting(network: network, purpose: .inputGradients, mode: .evaluation),
        Setting(network: network, purpose: .curvature, mode: .evaluation),
        Setting(network: network, purpose: .curvature, mode: .training),
        Setting(network: network, purpose: .training, mode: .training),
        Setting(network: network, purpose: .trainingWithInputGradients, mode: .training),
        Setting(network: network, purpose: .trainingWithPenalty, mode: .training),
      ]
    }
  }

  private func expectEqual(
    _ found: [String: [Float]], _ expected: [String: [Float]], _ setting: Setting
  ) {
    #expect(found.keys.sorted() == expected.keys.sorted())
    let scale = expected.filter { $0.key.hasPrefix("gradient of") }.values
      .map { $0.map(abs).max() ?? 0 }.max()
    for (name, values) in expected {
      // A bias before a batch norm has no effect: its gradient is rounding, beside the others'.
      let magnitude = values.map(abs).max() ?? 0
      let largest = name.hasPrefix("gradient of") ? max(magnitude, 0.01 * (scale ?? 0)) : magnitude
      let difference = zip(found[name] ?? [], values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(
        difference <= Self.tolerance * largest, "\(setting) \(name): \(difference), \(largest)")
    }
  }

  @Test("fused layers agree with the separate layers, in every sweep", arguments: Setting.all)
  func agreement(setting: Setting) throws {
    let fused = try results(setting.network, setting.purpose, .fused, setting.mode)
    let plain = try results(setting.network, setting.purpose, .plain, setting.mode)
    expectEqual(fused.values, plain.values, setting)
    #expect(fused.bytes < plain.bytes)
  }

  @Test(
    "sums slice by slice agree with sums over all samples at once",
    arguments: Setting.all.filter { $0.purpose == .training || $0.purpose == .trainingWithPenalty })
  func reproducible(setting: Setting) throws {
    let exact = try results(
      setting.network, setting.purpose, .fused, setting.mode, order: .reproducible)
    let plain = try results(setting.network, setting.purpose, .plain, setting.mode)
    expectEqual(exact.values, plain.values, setting)
  }
}
