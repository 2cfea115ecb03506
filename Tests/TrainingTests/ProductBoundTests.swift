import Foundation
import MessagePassing
import Networks
import Tensors
import TestSupport
import Testing
import Training

@Suite struct ProductBoundTests {
  /// A network whose scalars have different values, some below 1.
  private func model(_ network: SmallNetwork) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    for (index, parameter) in model.trained.enumerated() where isScalar(parameter) {
      parameter.value[0] = Float(index % 5) * 0.4 - 0.7
    }
    model.gradients.fill(0)
    return model
  }

  private func isScalar(_ parameter: Parameter) -> Bool {
    parameter.kind == .logBeta || parameter.kind == .logLipschitz
  }

  private func value(_ name: String, _ model: Model) throws -> Double {
    Double(try #require(model.trained.first { $0.names.contains(name) }).value[0])
  }

  @Test("a chain adds the logarithms up to each activation; a shared β counts each time")
  func chain() throws {
    let model = try model(.vggLowCurvature)
    defer { withExtendedLifetime(model) {} }
    let beta = try value("1.log_beta", model)
    let gammas = try ["0", "3", "5"].map { try value("\($0).log_lipschitz", model) }
    let sums = (1...3).map { Double($0) * beta + gammas.prefix($0).reduce(0, +) }
    let expected = log(sums.map { exp($0) }.reduce(0, +))
    #expect(abs(ProductBound(model).measure() - expected) < 1e-12)
  }

  @Test("a residual block counts its shortcut before the branch's first activation")
  func residual() throws {
    let model = try model(.resNetLowCurvature)
    defer { withExtendedLifetime(model) {} }
    let names = [
      "0.0.log_lipschitz", "0.1.log_beta",
      "1.0.1.f1.log_lipschitz", "1.0.1.f2.log_lipschitz", "1.0.2.f1.log_beta",
      "1.0.3.f1.log_lipschitz", "1.0.5.log_beta",
      "2.0.1.f1.log_lipschitz", "2.0.1.f2.log_lipschitz", "2.0.2.f1.log_beta",
      "2.0.3.f1.log_lipschitz", "2.0.5.log_beta",
    ]
    var (sum, total) = (0.0, 0.0)
    // The first stage's shortcut is the identity.
    for name in names where name != "1.0.1.f2.log_lipschitz" {
      sum += try value(name, model)
      if name.hasSuffix("beta") { total += exp(sum) }
    }
    #expect(abs(ProductBound(model).measure() - log(total)) < 1e-12)
  }

  @Test(
    "the gradient is the central difference",
    arguments: [SmallNetwork.resNetLowCurvature, .vggLowCurvature])
  func gradient(network: SmallNetwork) throws {
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    let bound = ProductBound(model)
    bound.measure()
    for parameter in model.trained { bound.addGradient(times: 2, to: parameter) }
    let h: Float = 1 / 1024
    for parameter in model.trained {
      guard isScalar(parameter) else {
        #expect(parameter.gradient.buffer.allSatisfy { $0 == 0 }, "\(parameter.names[0])")
        continue
      }
      let value = parameter.value[0]
      parameter.value[0] = value + h
      let above = bound.measure()
      parameter.value[0] = value - h
      let below = bound.measure()
      parameter.value[0] = value
      let expected = 2 * (above - below) / Double(2 * h)
      // The values are multiples of h up to 6e-8, the third derivative leaves h².
      #expect(abs(Double(parameter.gradient[0]) - expected) < 1e-4, "\(parameter.names[0])")
    }
  }
}
