import InProcessRanks
import MessagePassing
import TestSupport
import Testing

/// The claims that every layer of the table meets, alone and spread over ranks.
@Suite struct EveryLayerTests {
  /// Float32 sums of some dozens of terms against double.
  static let rounding = 1e-5
  /// Central differences in float32 with h = 1/256: rounding over h and h² are each below 1e-4.
  static let difference = 1e-3

  struct Setting: Sendable, CustomStringConvertible {
    let layer: LayerCase
    let ranks: Int
    var description: String { "\(layer), n = \(ranks)" }
  }

  /// Layers with batch statistics also on 3 ranks, and on 9, where two of them hold no sample.
  static let settings = LayerCase.all.flatMap { layer in
    (layer.hasBatchStatistics ? [1, 3, 9] : [1]).map { Setting(layer: layer, ranks: $0) }
  }

  private func check<Result: Sendable>(
    _ setting: Setting, _ claim: @escaping @Sendable (LayerCheck) -> Result
  ) throws -> [Result] {
    guard setting.ranks > 1 else {
      return [claim(try LayerCheck(setting.layer, communicator: SoloCommunicator()))]
    }
    return try InProcessCommunicator.run(ranks: setting.ranks) { communicator in
      claim(try LayerCheck(setting.layer, communicator: communicator))
    }
  }

  private func expect(
    _ deviations: [LayerCheck.Deviation], within tolerance: Double, _ setting: Setting
  ) {
    for (rank, deviation) in deviations.enumerated() {
      #expect(deviation.isWithin(tolerance), "\(setting), rank \(rank): \(deviation)")
    }
  }

  @Test("forward equals the double oracle", arguments: settings)
  func forward(_ setting: Setting) throws {
    expect(try check(setting) { $0.forward() }, within: Self.rounding, setting)
  }

  @Test("the tangent pass is the adjoint of the backward pass", arguments: settings)
  func adjoint(_ setting: Setting) throws {
    expect(try check(setting) { $0.adjointness() }, within: Self.rounding, setting)
  }

  @Test("the backward tangent is the derivative of the backward pass", arguments: settings)
  func backwardTangent(_ setting: Setting) throws {
    expect(try check(setting) { $0.backwardTangent() }, within: Self.difference, setting)
  }

  @Test("the Hessian is symmetric", arguments: settings)
  func symmetry(_ setting: Setting) throws {
    expect(try check(setting) { $0.symmetry() }, within: Self.rounding, setting)
  }

  @Test(
    "parameter gradients and their tangents are derivatives",
    arguments: settings.filter { $0.layer.mode == .training })
  func parameterGradient(_ setting: Setting) throws {
    let results = try check(setting) { $0.parameterGradient() }
    expect(results.map(\.primal), within: Self.difference, setting)
    expect(results.map(\.tangent), within: Self.difference, setting)
  }

  @Test(
    "contributions to a gradient add up", arguments: settings.filter { $0.layer.mode == .training })
  func accumulation(_ setting: Setting) throws {
    expect(try check(setting) { $0.accumulation() }, within: Self.rounding, setting)
  }
}
