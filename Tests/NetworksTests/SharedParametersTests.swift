import Foundation
import InProcessRanks
import MessagePassing
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

/// Models whose ranks share the parameters.
@Suite struct SharedParametersTests {
  /// The threads of each process of a machine.
  private static let teams = [[3], [1, 1, 1], [2, 2]]

  /// Results of `body`, in the order of the ranks.
  private func onRanks<Output: Sendable>(
    _ team: [Int], _ body: @escaping @Sendable (any Communicator) throws -> Output
  ) throws -> [Output] {
    let outputs = Mutex([Int: Output]())
    @Sendable func runProcess(_ outer: any Communicator, threads: Int) throws {
      let abandon: ThreadTeam.Abandon = { fatalError("rank \($1): \($0)") }
      try ThreadTeam(size: threads).run(over: outer, abandon: abandon) { communicator in
        let output = try body(communicator)
        outputs.withLock { $0[communicator.rank] = output }
      }
    }
    _ = try InProcessCommunicator.run(ranks: team.count) { process in
      // A process alone shares with nobody.
      let outer: (any Communicator)? = SharedMemoryCommunicator(over: process, host: "here")
      try runProcess(outer ?? process, threads: team[process.rank])
    }
    let total = team.reduce(0, +)
    return outputs.withLock { found in (0..<total).compactMap { found[$0] } }
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

  /// The bits of everything that threads share.
  private static func bits(of model: Model) -> [UInt32] {
    let tensors =
      model.parameters.flatMap { [$0.value, $0.effective] } + model.state.map(\.tensor)
      + [model.momentumBuffers]
    return tensors.flatMap { $0.buffer.map(\.bitPattern) }
  }

  @Test("memory that one of two threads is refused is refused to both")
  func refused() async {
    await #expect(processExitsWith: .success) {
      let abandon: ThreadTeam.Abandon = { fatalError("rank \($1): \($0)") }
      try ThreadTeam(size: 2).run(over: SoloCommunicator(), abandon: abandon) { communicator in
        // 36 MiB of gradients for each thread.
        let architecture = try Architecture(
          Architecture.vgg11, variant: .lowCurvature, height: 32, width: 32, channels: 3,
          classes: 10)
        communicator.barrier()
        // Enough for those of one, and for what both do besides.
        if communicator.rank == 0 { try AddressSpace.allow(moreBytes: 54 << 20) }
        communicator.barrier()
        var refusals: [Int64] = [0]
        do {
          _ = try Model(
            architecture, ModelConfiguration(.training, maximumSamples: 1),
            communicator: communicator)
        } catch is ArenaError {
          refusals[0] = 1
        }
        refusals.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
        if refusals[0] != 2 { fatalError("\(refusals[0]) threads of 2 were refused memory") }
      }
      // At an ordinary end OpenBLAS waits for its threads, which ask for ever for what the limit
      // refuses.
      _exit(EXIT_SUCCESS)
    }
  }

  @Test(
    "each parameter is assigned to one rank, and no rank has all of them",
    arguments: SmallNetwork.allCases,
    teams)
  func assignment(network: SmallNetwork, team: [Int]) throws {
    let assigned = try onRanks(team) { communicator in
      try Self.model(network, .training, over: communicator).assigned.map { $0.parameter.names[0] }
    }
    let alone = try Self.model(network, .training, over: SoloCommunicator())
    #expect(assigned.allSatisfy { !$0.isEmpty })
    #expect(assigned.flatMap { $0 }.sorted() == alone.parameters.map { $0.names[0] }.sorted())
    #expect(alone.assigned.map { $0.parameter.names[0] } == alone.parameters.map { $0.names[0] })
  }

  @Test(
    "refreshes, skipped ones too, and updates have the bits of one rank alone", arguments: teams)
  func sameBits(team: [Int]) throws {
    let steps: @Sendable (any Communicator) throws -> [UInt32] = { communicator in
      let model = try Self.model(.resNetLowCurvature, .training, over: communicator)
      // Others read what is common until they have returned.
      defer { communicator.barrier() }
      for step in 0..<3 {
        model.refresh(.training)
        if step == 1 {
          model.restore()
          continue
        }
        for index in 0..<model.gradients.count {
          model.gradients[index] = Float((index * 7 + step) % 13) / 8 - 0.5
        }
        model.update { assigned in
          assigned.pullBack()
          for index in 0..<assigned.parameter.value.count {
            assigned.parameter.value[index] -= 0.1 * assigned.parameter.gradient[index]
          }
        }
      }
      model.refresh(.evaluation)
      return Self.bits(of: model)
    }
    let alone = try steps(SoloCommunicator())
    let together = try onRanks(team, steps)
    #expect(together == together.map { _ in alone })
  }

  @Test(
    "values lie in memory once, and a thread's plan is smaller than that of a process alone, in training",
    arguments: teams)
  func memory(team: [Int]) throws {
    for (purpose, isShared) in [
      (ModelConfiguration.Purpose.training, true), (.inference, false),
    ] {
      let alone = try Self.model(.resNetLowCurvature, purpose, over: SoloCommunicator())
      let found = try onRanks(team) { communicator in
        let model = try Self.model(.resNetLowCurvature, purpose, over: communicator)
        communicator.barrier()
        if communicator.rank == 1 { model.flatParameters[0] = 42 }
        communicator.barrier()
        return (
          bytes: model.memoryBytes, isThread: communicator.node.threads > 1,
          seen: model.flatParameters[0]
        )
      }
      #expect(
        found.allSatisfy {
          ($0.bytes < alone.memoryBytes - 1000) == (isShared && $0.isThread)
        })
      #expect(found.indices.allSatisfy { (found[$0].seen == 42) == (isShared || $0 == 1) })
    }
  }
}

/// The process's limit of mapped memory.
private enum AddressSpace {
  /// Limits it to what it has now, and `moreBytes`.
  static func allow(moreBytes: Int) throws {
    let sizes = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    guard let pages = sizes.split(separator: " ").first.flatMap({ Int($0) }) else {
      fatalError("/proc/self/statm: \(sizes)")
    }
    let bytes = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + moreBytes)
    var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
    guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
      fatalError("no limit of \(bytes) bytes: \(errno)")
    }
  }
}
