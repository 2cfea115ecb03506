import Kernels
import MessagePassing
import Networks
import Recipes
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

/// The counter counts the thread that asks, so tests beside this one do not disturb it.
///
/// OpenBLAS allocates within some products. The step cannot avoid that, so the test counts these
/// allocations apart and prints them.
@Suite struct AllocationTests {
  @Test("the counter sees an allocation")
  func counter() {
    let count = Allocations { withExtendedLifetime([Int](repeating: 1, count: 1000)) {} }
    #expect(count.outsideBLAS >= 1)
  }

  @Test(
    "after two steps of warm-up a step asks the heap for nothing, but for what OpenBLAS itself does",
    arguments: SmallNetwork.allCases, [0, 0.1] as [Float])
  func step(network: SmallNetwork, gradientNorm: Float) throws {
    useOneBLASThread()
    let architecture = try network.architecture()
    let model = try Model(
      architecture,
      ModelConfiguration(
        gradientNorm > 0 ? .trainingWithPenalty : .training, maximumSamples: 11),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    let trainsBeta = network.variant.activation == .trainedSoftplus
    let step = TrainingStep(
      model,
      objective: Objective(
        beta: 1e-4, gamma: 1e-5, bound: trainsBeta ? 1e-2 : 0, gradientNorm: gradientNorm),
      optimizer: SGD(momentum: 0.9, weightDecay: 5e-4), communicator: SoloCommunicator(),
      bucketBytes: 256)
    let samples = RandomSamples(architecture, count: 11, seed: 2)
    let count = samples.withShare { batch in
      for _ in 0..<2 { #expect(step.run(batch, learningRate: 0.01).isApplied) }
      return Allocations {
        for _ in 0..<3 { _ = step.run(batch, learningRate: 0.01) }
      }
    }
    #expect(count.outsideBLAS == 0, "\(count) in 3 steps")
  }

  @Test("the copy for a checkpoint asks the heap for nothing, and touches no new page")
  func snapshot() throws {
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.training, maximumSamples: 2), communicator: SoloCommunicator())
    model.initialize(seed: 1)
    // The first copy ever meets pages of instructions.
    try ModelSnapshot(of: model).take()
    let snapshot = try ModelSnapshot(of: model)
    let faults = ProcessMemory.pageFaultsOfThread
    let count = Allocations { snapshot.take() }
    #expect(count.outsideBLAS == 0)
    #expect(ProcessMemory.pageFaultsOfThread - faults == 0)
    withExtendedLifetime(model) {}
  }

  /// Memory that every step touches would show in every ten steps.
  ///
  /// A wait that is longer than all before it may meet a page of instructions for the first time,
  /// once.
  @Test("later steps touch no page for the first time", arguments: [1, 2])
  func pageFaults(ranks: Int) throws {
    useOneBLASThread()
    let counts = Mutex([Int: [Int]]())
    let abandon: ThreadTeam.Abandon = { fatalError("rank \($1): \($0)") }
    try ThreadTeam(size: ranks).run(over: SoloCommunicator(), abandon: abandon) { communicator in
      let architecture = try SmallNetwork.resNetLowCurvature.architecture()
      let model = try Model(
        architecture, ModelConfiguration(.trainingWithPenalty, maximumSamples: 40),
        communicator: communicator)
      model.initialize(seed: 1)
      let step = TrainingStep(
        model, objective: Objective(gradientNorm: 0.1),
        optimizer: SGD(momentum: 0.9, weightDecay: 0), communicator: communicator,
        bucketBytes: 256)
      let samples = RandomSamples(architecture, count: 40, seed: 2)
      let local = samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
        (0..<5).map { _ in
          let before = ProcessMemory.pageFaultsOfThread
          for _ in 0..<10 { _ = step.run(batch, learningRate: 0.01) }
          return ProcessMemory.pageFaultsOfThread - before
        }
      }
      counts.withLock { $0[communicator.rank] = local }
    }
    let found = counts.withLock { $0 }
    #expect(found.count == ranks)
    for (rank, faults) in found {
      #expect(faults[0] > 0 && faults.dropFirst().min() == 0, "rank \(rank): \(faults)")
    }
  }

  /// A probe that counts its calls.
  private final class CountingProbe: StepProbe {
    var phases = 0
    var blocks = 0

    func enter(_ phase: StepPhase) { phases += 1 }
    func leave() {}
    func begin(_ sweep: Sweep, block: Int) { blocks += 1 }
    func end(_ sweep: Sweep, block: Int) { blocks -= 1 }
  }

  @Test(
    "nor does a step with CURE and adversarial examples, with or without a probe",
    arguments: SmallNetwork.allCases, [false, true])
  func arms(network: SmallNetwork, isObserved: Bool) throws {
    useOneBLASThread()
    let probe = CountingProbe()
    var recipe = Recipe()
    recipe.curePenalty = 0.1
    recipe.adversarialEpsilon = 0.3
    let architecture = try network.architecture()
    let model = try Model(
      architecture, ModelConfiguration(recipe.trainingPurpose, maximumSamples: 5),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    var step = TrainingStep(
      model, objective: recipe.objective,
      curePenalty: try recipe.makeCUREPenalty(for: model),
      adversary: try recipe.adversary(for: model), optimizer: recipe.optimizer,
      communicator: SoloCommunicator(), bucketBytes: 256)
    if isObserved { step.probe = probe }
    let samples = RandomSamples(architecture, count: 5, seed: 2)
    let count = samples.withShare { batch in
      for _ in 0..<2 { #expect(step.run(batch, learningRate: 0.01).isApplied) }
      return Allocations { _ = step.run(batch, learningRate: 0.01) }
    }
    #expect(count.outsideBLAS == 0, "\(count)")
    #expect((probe.phases > 10) == isObserved && probe.blocks == 0)
  }

  @Test(
    "nor does a recorded step of several ranks, one of them without samples",
    arguments: GradientPlan.Strategy.allCases)
  func ranks(strategy: GradientPlan.Strategy) throws {
    useOneBLASThread()
    let counts = Mutex([Int: Int]())
    let abandon: ThreadTeam.Abandon = { fatalError("rank \($1): \($0)") }
    try ThreadTeam(size: 3).run(over: SoloCommunicator(), abandon: abandon) { base in
      let communicator = LedgeredCommunicator(base, ledger: CollectiveLedger())
      let architecture = try SmallNetwork.resNetLowCurvature.architecture()
      let model = try Model(
        architecture, ModelConfiguration(.trainingWithPenalty, maximumSamples: 1),
        communicator: communicator)
      if communicator.rank == 0 { model.initialize(seed: 1) }
      model.broadcast(over: communicator)
      let step = TrainingStep(
        model, objective: Objective(gradientNorm: 0.1),
        optimizer: SGD(momentum: 0.9, weightDecay: 0), communicator: communicator,
        bucketBytes: 256, strategy: strategy)
      let samples = RandomSamples(architecture, count: 2, seed: 2)
      let local = samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
        for _ in 0..<2 { _ = step.run(batch, learningRate: 0.01) }
        return Allocations { _ = step.run(batch, learningRate: 0.01) }.outsideBLAS
      }
      counts.withLock { $0[communicator.rank] = local }
    }
    #expect(counts.withLock { $0 } == [0: 0, 1: 0, 2: 0])
  }

  @Test("a discarded step asks the heap for nothing either")
  func discarded() throws {
    useOneBLASThread()
    let architecture = try SmallNetwork.resNetLowCurvature.architecture()
    let model = try Model(
      architecture, ModelConfiguration(.trainingWithPenalty, maximumSamples: 4),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    let step = TrainingStep(
      model, objective: Objective(gradientNorm: 0.1),
      optimizer: SGD(momentum: 0.9, weightDecay: 0), communicator: SoloCommunicator(),
      bucketBytes: 256)
    let samples = RandomSamples(architecture, count: 4, seed: 2)
    samples.withShare { batch in
      for _ in 0..<2 { #expect(step.run(batch, learningRate: 0.01).isApplied) }
    }
    samples.setPixel(3, ofSample: 1, to: .nan)
    var isApplied = true
    let count = samples.withShare { batch in
      Allocations { isApplied = step.run(batch, learningRate: 0.01).isApplied }
    }
    #expect(count.outsideBLAS == 0 && !isApplied)
  }
}
