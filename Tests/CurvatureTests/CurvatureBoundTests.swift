import Curvature
import Foundation
import Kernels
import MessagePassing
import Networks
import Tensors
import Testing

@Suite struct CurvatureBoundTests {
  /// A network whose scalars and running variances are set: all of log_beta to 0, so β = 1.001,
  /// batch norm k's variance to `variances[k]` and its γ to `gammas[k]`.
  private func model(
    _ body: Architecture.Body, variances: [Float], gammas: [Float],
    variant: Architecture.Variant = .lowCurvature
  ) throws -> Model {
    let model = try Model(
      Architecture(body, variant: variant, height: 4, width: 4, channels: 1, classes: 2),
      ModelConfiguration(.curvature, maximumSamples: 1), communicator: SoloCommunicator())
    model.initialize(seed: 1)
    let running = model.state.filter { $0.name.hasSuffix("running_var") }
    for (tensor, variance) in zip(running, variances) { tensor.tensor.fill(variance) }
    for (tensor, gamma) in zip(running, gammas) {
      let name = tensor.name.replacing("bn.running_var", with: "log_lipschitz")
      model.parameters.first { $0.names[0] == name }?.value.fill(log(gamma))
    }
    for beta in model.trained where beta.kind == .logBeta { beta.value.fill(0) }
    model.refresh(.evaluation)
    return model
  }

  @Test("a chain multiplies the Lipschitz constants before each activation")
  func chain() throws {
    // The first batch norm is held by its variance, 1/√4 < 10; the second by its γ, 0.25 < 1/√1.
    let model = try model(
      .vgg([.convolution(channels: 2), .pooling, .convolution(channels: 3)]), variances: [4, 1],
      gammas: [10, 0.25])
    let bound = try #require(CurvatureBound.surrogate(model))
    let expected = 1.001 * (0.5 + 0.5 * 0.25)
    // 1e-5 under the root, and float32.
    #expect(abs(bound - expected) < 1e-5 * expected, "\(bound), expected \(expected)")
  }

  @Test("a residual block averages its two branches, each after 1/√2")
  func residual() throws {
    let model = try model(
      .resNet(stem: 2, widths: [2], blocks: [1]), variances: [4, 4, 16], gammas: [10, 10, 10])
    let bound = try #require(CurvatureBound.surrogate(model))
    let entering = 0.5 * 0.5.squareRoot()
    // Stem ½; the branch ½ before its activation and ¼ after; the identity beside it.
    let expected =
      1.001 * (0.5 + entering * 0.5 + 0.5 * (entering * 0.5 * 0.25 + entering))
    #expect(abs(bound - expected) < 1e-5 * expected, "\(bound), expected \(expected)")
  }

  @Test("a plain batch norm counts with its largest stretch, whatever γ")
  func unconstrained() throws {
    let model = try model(
      .vgg([.convolution(channels: 2)]), variances: [0.25], gammas: [0.1],
      variant: Architecture.Variant(
        spectralNorm: .convolution, batchNorm: .none,
        activation: .fixed(.centeredSoftplus(beta: 3))))
    let bound = try #require(CurvatureBound.surrogate(model))
    // 1e-5 under the root: 2e-5 of the variance.
    #expect(abs(bound - 6) < 2e-4, "\(bound)")
  }

  @Test("networks without normalised convolutions or with an activation of unbounded C_f say why")
  func obstacles() throws {
    let standard = Architecture.Variant.standard(beta: 1000)
    let model = try model(
      .vgg([.convolution(channels: 2)]), variances: [1], gammas: [1], variant: standard)
    #expect(CurvatureBound.surrogate(model) == nil)
    #expect(CurvatureBound.obstacle(standard) == .noOperatorNorm)
    #expect(CurvatureBound.obstacle(.lowCurvature) == nil)
    for function in [ActivationFunction.relu, .gelu, .silu] {
      let variant = Architecture.Variant(
        spectralNorm: .convolution, batchNorm: .lipschitz, activation: .fixed(function))
      #expect(CurvatureBound.obstacle(variant) == .unboundedActivation(function))
    }
  }
}
