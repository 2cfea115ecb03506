import MessagePassing
import Networks
import Testing

/// Sizes of the reference's networks on 32×32×3 images with 100 classes.
struct NetworkSize: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let body: Architecture.Body
  /// Trained floats of the low-curvature variant, its scalars included.
  let parameters: Int?
  let gammas: Int
  let betas: Int
  /// Layers that use each β.
  let uses: Int

  static let all = [
    NetworkSize(
      testDescription: "resnet18", body: Architecture.resNet18, parameters: 11_210_569, gammas: 20,
      betas: 17, uses: 1),
    NetworkSize(
      testDescription: "resnet34", body: Architecture.resNet34, parameters: nil, gammas: 36,
      betas: 33, uses: 1),
    NetworkSize(
      testDescription: "vgg11", body: Architecture.vgg11, parameters: 9_609_903, gammas: 10,
      betas: 1, uses: 10),
  ]
}

@Suite struct ModelTests {
  @Test(
    "the reference's networks have its numbers of parameters, γ and β", arguments: NetworkSize.all)
  func sizes(_ size: NetworkSize) throws {
    let architecture = try Architecture(
      size.body, variant: .lowCurvature, height: 32, width: 32, channels: 3, classes: 100)
    let model = try Model(
      architecture, ModelConfiguration(.inference, maximumSamples: 1),
      communicator: SoloCommunicator())
    if let parameters = size.parameters { #expect(model.flatParameters.count == parameters) }
    #expect(model.trained.reduce(0) { $0 + $1.shape.count } == model.flatParameters.count)
    #expect(model.trained.count { $0.kind == .logLipschitz } == size.gammas)
    let betas = model.trained.filter { $0.kind == .logBeta }
    #expect(betas.count == size.betas)
    #expect(betas.allSatisfy { $0.uses == size.uses && $0.names.count == size.uses })
  }
}
