import MessagePassing
import Networks
import Synchronization
import TestSupport
import Testing

/// Models of threads that have their parameters in common.
@Suite struct CommonParametersTests {
  private static let threads = 3

  /// What `body` returns on each of three threads, in their order.
  private func onThreads<Output: Sendable>(
    _ body: @escaping @Sendable (any Communicator) throws -> Output
  ) throws -> [Output] {
    let outputs = Mutex([Int: Output]())
    let abandon: ThreadTeam.Abandon = { fatalError("rank \($1): \($0)") }
    try ThreadTeam(size: Self.threads).run(over: SoloCommunicator(), abandon: abandon) {
      communicator in
      let output = try body(communicator)
      outputs.withLock { $0[communicator.rank] = output }
    }
    return outputs.withLock { found in (0..<Self.threads).compactMap { found[$0] } }
  }

  private static func model(
    _ network: SmallNetwork, _ purpose: ModelConfiguration.Purpose,
    over communicator: any Communicator
  ) throws -> Model {
    let model = try Model(
      network.architecture(), ModelConfiguration(purpose, maximumSamples: 2),
      communicator: communicator)
    if communicator.rank == 0 { model.initialize(seed: 7) }
    model.broadcast(over: communicator)
    return model
  }

  /// Everything that threads have in common, as bits.
  private static func bits(of model: Model) -> [UInt32] {
    let tensors =
      model.parameters.flatMap { [$0.value, $0.effective] } + model.state.map(\.tensor)
      + [model.velocities]
    return tensors.flatMap { $0.buffer.map(\.bitPattern) }
  }

  @Test(
    "each parameter is owned by one thread, none by all of them", arguments: SmallNetwork.allCases)
  func owners(network: SmallNetwork) throws {
    let owned = try onThreads { communicator in
      try Self.model(network, .training, over: communicator).owned.map { $0.parameter.names[0] }
    }
    let alone = try Self.model(network, .training, over: SoloCommunicator())
    #expect(owned.allSatisfy { !$0.isEmpty })
    #expect(owned.flatMap { $0 }.sorted() == alone.parameters.map { $0.names[0] }.sorted())
    #expect(alone.owned.map { $0.parameter.names[0] } == alone.parameters.map { $0.names[0] })
  }

  @Test("refreshes, skipped ones too, and updates have the bits of one thread alone")
  func sameBits() throws {
    let steps: @Sendable (any Communicator) throws -> [UInt32] = { communicator in
      let model = try Self.model(.resNetLowCurvature, .training, over: communicator)
      defer { withExtendedLifetime(model) {} }
      for step in 0..<3 {
        model.refresh(.training)
        if step == 1 {
          model.restore()
          continue
        }
        for index in 0..<model.gradients.count {
          model.gradients[index] = Float((index * 7 + step) % 13) / 8 - 0.5
        }
        model.update { own in
          own.pullBack()
          for index in 0..<own.parameter.value.count {
            own.parameter.value[index] -= 0.1 * own.parameter.gradient[index]
          }
        }
      }
      model.refresh(.evaluation)
      return Self.bits(of: model)
    }
    let alone = try steps(SoloCommunicator())
    #expect(try onThreads(steps) == [alone, alone, alone])
  }

  @Test("a thread's plan is smaller than that of a process alone, where the model is to be trained")
  func memory() throws {
    for (purpose, isShared) in [
      (ModelConfiguration.Purpose.training, true), (.inference, false),
    ] {
      let alone = try Self.model(.resNetLowCurvature, purpose, over: SoloCommunicator())
      let found = try onThreads { communicator in
        let model = try Self.model(.resNetLowCurvature, purpose, over: communicator)
        return (
          bytes: model.memoryBytes, start: UInt(bitPattern: model.values.pointer)
        )
      }
      #expect(found.allSatisfy { ($0.bytes < alone.memoryBytes - 1000) == isShared })
      #expect(Set(found.map(\.start)).count == (isShared ? 1 : Self.threads))
    }
  }
}
