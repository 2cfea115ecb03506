import Curvature
import Foundation
import Kernels
import Layers
import MessagePassing
import Networks
import RandomNumbers
import Robustness
import Surveys
import Tensors
import TestSupport
import Testing

@Suite struct NetworkBoundTests {
  private static let samples = 8

  /// Random points, some far outside the range of pixels.
  private func points(_ count: Int, seed: UInt64, spread: Double) -> [Float] {
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    return (0..<count).map { _ in Float(spread * generator.normal()) }
  }

  private func model(_ body: Architecture.Body, _ variant: Architecture.Variant) throws -> Model {
    let model = try Model(
      Architecture(body, variant: variant, height: 6, width: 6, channels: 2, classes: 3),
      ModelConfiguration(.curvature, maximumSamples: Self.samples),
      communicator: SoloCommunicator())
    model.initialize(seed: 5)
    // Running variances below 1, so that batch norms stretch and γ holds some of them.
    var generator = KeyedGenerator(seed: 6, purpose: .synthetic)
    for entry in model.state where entry.name.hasSuffix("running_var") {
      for index in 0..<entry.tensor.count { entry.tensor[index] = Float(0.2 + generator.uniform()) }
    }
    for parameter in model.parameters where parameter.kind == .logLipschitz {
      parameter.value.fill(0.3)
    }
    model.refresh(.evaluation)
    return model
  }

  private static let smooth: [Architecture.Body] = [
    .resNet(stem: 4, widths: [4, 6], blocks: [1, 1]),
    .vgg([.convolution(channels: 4), .convolution(channels: 5)]),
  ]

  /// Every combination of components, the activations with β = 10 where it is fixed.
  private static let variants: [Architecture.Variant] =
    Architecture.Variant.SpectralNormalization.allCases.flatMap { norm in
      [BatchNorm.Constraint.none, .lipschitz].flatMap { constraint in
        activations.map {
          Architecture.Variant(spectralNorm: norm, batchNorm: constraint, activation: $0)
        }
      }
    }
  private static let activations: [Architecture.Variant.Activation] =
    [.trainedSoftplus]
    + [.softplus(beta: 10), .centeredSoftplus(beta: 10), .relu, .gelu, .silu].map { .fixed($0) }

  @Test(
    "gradients and Hessians at random points, and changes of gradients between them, stay below",
    arguments: [0, 1], ScalarFunction.allCases)
  func holds(body: Int, function: ScalarFunction) throws {
    for variant in Self.variants {
      let model = try model(Self.smooth[body], variant)
      let constants = try model.networkBound().constants(of: function)
      let isSmooth = variant.activation != .fixed(.relu)
      #expect((constants.hessian != nil) == isSmooth)
      let hessian = constants.hessian ?? .infinity
      let curvature = try NormalizedCurvature(
        model, of: function, estimator: .power(iterations: 30, tolerance: 1e-3))
      let gradient = InputGradient(model, of: function)
      let stride = model.input.shape.stride
      let labels = (0..<Self.samples).map { Int32($0 % 3) }
      var largest = (gradient: 0.0, hessian: 0.0)
      for (seed, spread) in [(1, 0.3), (2, 1), (3, 5)] as [(UInt64, Double)] {
        let x = points(Self.samples * stride, seed: seed, spread: spread)
        let e = points(Self.samples * stride, seed: seed + 10, spread: 0.05)
        let (before, after) = labels.withUnsafeBufferPointer { labels in
          model.input.value.pointer.update(from: x, count: x.count)
          let rivals = gradient.linearize(Self.samples, labels: labels)
          let before = Array(model.input.gradient.buffer)
          let moved = zip(x, e).map { $0 + $1 }
          model.input.value.pointer.update(from: moved, count: moved.count)
          gradient.linearize(
            Self.samples, labels: labels, rivals: function == .margin ? rivals : nil)
          return (before, Array(model.input.gradient.buffer))
        }
        for sample in 0..<Self.samples {
          let place = sample * stride..<(sample + 1) * stride
          let length = norm(e[place])
          let change = norm(zip(before[place], after[place]).map { $0 - $1 }[...])
          // A change is the difference of two gradients rounded to float32.
          #expect(change <= hessian * length + 1e-5 * norm(before[place]))
        }
        model.input.value.pointer.update(from: x, count: x.count)
        model.input.tangent.pointer.update(from: e, count: e.count)
        let measured = labels.withUnsafeBufferPointer {
          curvature.measure(Self.samples, labels: $0)
        }
        largest.gradient = max(largest.gradient, measured.map(\.gradientNorm).max() ?? 0)
        largest.hessian = max(largest.hessian, measured.map(\.hessianNorm).max() ?? 0)
      }
      #expect(largest.gradient > 0 && largest.gradient <= constants.gradient)
      // The logits of a ReLU network are piecewise linear.
      #expect((largest.hessian > 0 || !isSmooth) && largest.hessian <= hessian, "\(variant)")
    }
  }

  private func norm(_ values: ArraySlice<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// One pixel, preactivations ±a·x, logits s(ax) + s(−ax) and 0: everything in closed form.
  private func scalarNetwork(beta: Float) throws -> (Model, slope: Double) {
    let model = try Model(
      Architecture(
        .vgg([.convolution(channels: 2)]), variant: .lowCurvature, height: 1, width: 1, channels: 1,
        classes: 2),
      ModelConfiguration(.curvature, maximumSamples: 1), communicator: SoloCommunicator())
    model.initialize(seed: 1)
    for parameter in model.parameters {
      switch (parameter.kind, parameter.names[0].hasPrefix("0.")) {
      case (.weight, true):
        // [3, 3, 1, 2]: only the centre tap meets the pixel.
        parameter.value.fill(0)
        parameter.value[8] = 1
        parameter.value[9] = -1
      case (.weight, false):
        // [channels, classes].
        for channel in 0..<2 {
          parameter.value[2 * channel] = 1
          parameter.value[2 * channel + 1] = 0
        }
      case (.bias, _): parameter.value.fill(0)
      case (.logBeta, _): parameter.value.fill(log(beta - 1e-3))
      case (.logLipschitz, _): parameter.value.fill(0)
      }
    }
    // Power iterations with the new weight.
    for entry in model.reparameterizations.flatMap(\.state) { entry.tensor.fill(1) }
    for _ in 0..<10 { model.refresh(.training) }
    model.refresh(.evaluation)
    // The Jacobian of the preactivations, batch norm's variance 1 + 1e-5 included.
    let weight = model.parameters.first { $0.kind == .weight && $0.names[0].hasPrefix("0.") }
    let slope = Double(try #require(weight).effective[8]) / (1 + 1e-5).squareRoot()
    return (model, slope)
  }

  /// ‖∇f‖ and ‖∇²f‖ of z₀ − z₁ at one pixel value.
  private func measure(_ model: Model, at x: Float) throws -> NormalizedCurvature.Sample {
    let curvature = try NormalizedCurvature(
      model, of: .margin, estimator: .power(iterations: 5, tolerance: 0))
    model.input.value[0] = x
    model.input.tangent[0] = 1
    let samples = ([0] as [Int32]).withUnsafeBufferPointer { curvature.measure(1, labels: $0) }
    return samples[0]
  }

  @Test("the curvature of s(ax) + s(−ax) at 0 is the bound")
  func tight() throws {
    let (model, slope) = try scalarNetwork(beta: 6)
    let hessian = try #require(try model.networkBound().constants(of: .margin).hessian)
    let found = try measure(model, at: 0).hessianNorm
    // Rows of length a, ‖A‖ = √2·a and ‖w‖ = √2: 2a²·β/4.
    #expect(abs(hessian / (2 * slope * slope * 6 / 4) - 1) < 0.02)
    #expect(found <= hessian && found >= 0.98 * hessian)
  }

  @Test("f = s(x) + s(−x) breaks the paper's surrogate, not the bound")
  func counterexample() throws {
    let (model, _) = try scalarNetwork(beta: 6)
    let bound = try model.networkBound()
    let surrogate = try #require(bound.surrogate)
    let sample = try measure(model, at: 1e-4)
    #expect(sample.curvature > 100 * surrogate)
    let constants = bound.constants(of: .margin)
    #expect(sample.hessianNorm <= constants.hessian ?? 0)
    #expect(sample.gradientNorm <= constants.gradient)
  }

  @Test("after a maximum pooling there is no curvature bound, but a Lipschitz constant")
  func maximumPooling() throws {
    let network = SmallNetwork.vggLowCurvature
    let model = try model(network.body, network.variant)
    let bound = try model.networkBound()
    #expect(bound.firstJump?.kind == "maximum pooling 2×2")
    for function in ScalarFunction.allCases {
      let constants = bound.constants(of: function)
      #expect(constants.hessian == nil && constants.gradient > 0 && constants.gradient.isFinite)
    }
  }

  @Test("β = 1000 gives large numbers, not nil")
  func sharp() throws {
    let bound = try model(Self.smooth[0], .standard(beta: 1000)).networkBound()
    let soft = try model(Self.smooth[0], .standard(beta: 10)).networkBound()
    let (large, small) = (bound.constants(of: .loss), soft.constants(of: .loss))
    #expect(large.gradient == small.gradient && bound.surrogate == nil)
    #expect(try #require(large.hessian) > 50 * #require(small.hessian))
  }

  @Test("parameters that are not finite are named by their layer")
  func notFinite() throws {
    for kind in [Parameter.Kind.weight, .logBeta] {
      let model = try model(Self.smooth[1], .lowCurvature)
      let parameter = try #require(model.parameters.last { $0.kind == kind })
      parameter.value[0] = .nan
      let name = kind == .weight ? "0" : "s(0)"
      #expect(throws: SurveyError.layerNotFinite(name: name)) { try model.networkBound() }
    }
  }

  @Test("layers measured by any number of ranks give the same numbers")
  func ranks() throws {
    let model = try model(Self.smooth[0], .lowCurvature)
    let alone = try model.networkBound()
    for size in [2, 3, 20] {
      let parts = try (0..<size).map { try LayerNorms.measure(model, rank: $0, size: size) }
      #expect(NetworkBound(model, norms: LayerNorms.merge(parts, of: model)) == alone)
    }
  }
}
