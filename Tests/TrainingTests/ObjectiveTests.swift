import Foundation
import MessagePassing
import Networks
import TestSupport
import Testing
import Training

@Suite struct ObjectiveTests {
  private static let objective = Objective(beta: 0.3, gamma: 0.2)

  private func model(_ network: SmallNetwork) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(.training, maximumSamples: 2),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    return model
  }

  /// Gives the scalars different values, some γ below 1.
  private func spread(_ model: Model) {
    for (index, parameter) in model.trained.enumerated()
    where parameter.kind == .logBeta || parameter.kind == .logLipschitz {
      parameter.value[0] = Float(index % 5) * 0.4 - 0.7
    }
  }

  @Test("a shared β counts once for each of its layers, and γ by the size of its logarithm")
  func byHand() throws {
    let model = try model(.vggLowCurvature)
    defer { withExtendedLifetime(model) {} }
    let gammas = model.trained.filter { $0.kind == .logLipschitz }
    try #require(gammas.count == 3)
    for (gamma, value) in zip(gammas, [-0.5, 0.25, 0] as [Float]) { gamma.value[0] = value }
    model.trained.first { $0.kind == .logBeta }?.value[0] = 0.5
    let expected = 0.3 * 3 * exp(0.5) + 0.2 * (0.5 + 0.25)
    // λ are float32: relative 6e-8.
    #expect(abs(Self.objective.weightPenalty(model) - expected) < 1e-6)
  }

  @Test("the gradient is the penalty's central difference", arguments: SmallNetwork.allCases)
  func gradient(network: SmallNetwork) throws {
    /// The third derivative leaves h²/6 = 2e-7 of the value; float32 gradients round at 1e-7.
    let tolerance = 1e-5
    let model = try model(network)
    defer { withExtendedLifetime(model) {} }
    spread(model)
    model.gradients.fill(0)
    for parameter in model.trained {
      Self.objective.addWeightPenaltyGradient(to: parameter)
    }
    for parameter in model.trained {
      guard parameter.kind == .logBeta || parameter.kind == .logLipschitz else {
        #expect(parameter.gradient.buffer.allSatisfy { $0 == 0 }, "\(parameter.names[0])")
        continue
      }
      let value = parameter.value[0]
      let ends = (value + 1e-3, value - 1e-3)
      parameter.value[0] = ends.0
      let above = Self.objective.weightPenalty(model)
      parameter.value[0] = ends.1
      let below = Self.objective.weightPenalty(model)
      parameter.value[0] = value
      let expected = (above - below) / (Double(ends.0) - Double(ends.1))
      let found = Double(parameter.gradient[0])
      #expect(
        abs(found - expected) < tolerance * max(1, abs(expected)),
        "\(parameter.names[0]): \(found), central difference \(expected)")
    }
  }

  @Test("the gradient is added to what is there, and |log γ| has none at γ = 1")
  func added() throws {
    let model = try model(.vggLowCurvature)
    defer { withExtendedLifetime(model) {} }
    for parameter in model.trained where parameter.kind == .logLipschitz {
      parameter.value[0] = 0
    }
    model.gradients.fill(2)
    for parameter in model.trained {
      Self.objective.addWeightPenaltyGradient(to: parameter)
    }
    for parameter in model.trained {
      let isBeta = parameter.kind == .logBeta
      #expect(parameter.gradient.buffer.allSatisfy { ($0 > 2) == isBeta && $0 >= 2 })
    }
  }

  @Test("a standard network has no penalty")
  func standard() throws {
    #expect(Self.objective.weightPenalty(try model(.resNetStandard)) == 0)
  }
}
