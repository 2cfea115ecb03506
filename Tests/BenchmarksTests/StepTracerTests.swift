import Benchmarks
import InProcessRanks
import MessagePassing
import Networks
import Recipes
import TestSupport
import Testing
import Training

@Suite struct StepTracerTests {
  private struct Outcome: Sendable {
    /// The gradients of a step, and of the same step with a tracer.
    var gradients: [[Float]] = []
    /// The layers of each sweep, in the order of the trace.
    var layers: [TracedPass: [Int]] = [:]
    var passes: Set<TracedPass> = []
    var layerCount = 0
  }

  @Test(
    "a tracer changes no bit of a step, and sees every layer of every sweep of any arm",
    arguments: Arm.allCases,
    [(1, GradientPlan.Strategy.blocking), (2, .blocking), (2, .nonblocking)])
  func arms(arm: Arm, job: (ranks: Int, strategy: GradientPlan.Strategy)) throws {
    let outcomes = try InProcessCommunicator.run(ranks: job.ranks) { communicator in
      try outcome(arm, job.strategy, communicator)
    }
    for outcome in outcomes {
      let differing = zip(outcome.gradients[0], outcome.gradients[1]).count { $0 != $1 }
      #expect(differing == 0, "gradients that differ")
      #expect(outcome.gradients[0].contains { $0 != 0 })
      #expect(outcome.passes.isSuperset(of: [.refresh, .loss, .reduce, .pullBack, .update]))
      let upwards = Array(0..<outcome.layerCount)
      let downwards = Array(upwards.reversed())
      for (pass, times) in Self.sweeps(of: arm) {
        let once = Self.forwardPasses.contains(pass) ? upwards : downwards
        let expected = (0..<times).flatMap { _ in once }
        #expect(outcome.layers[pass] == expected, "\(pass)")
      }
      #expect(Set(outcome.layers.keys) == Set(Self.sweeps(of: arm).map(\.pass)))
    }
  }

  private static let forwardPasses: Set<TracedPass> = [
    .forward, .attackForward, .cureForward, .forwardTangent, .cureForwardTangent,
  ]

  /// The sweeps of an arm's step, and how often it makes each.
  private static func sweeps(of arm: Arm) -> [(pass: TracedPass, times: Int)] {
    let plain: [(pass: TracedPass, times: Int)] = [(.forward, 1), (.backward, 1)]
    let penalized: [(pass: TracedPass, times: Int)] = [
      (.forward, 1), (.dataBackward, 1), (.forwardTangent, 1), (.backwardTangent, 1),
    ]
    return switch arm {
    case .standard, .lcnn, .softplus: plain
    case .gradreg, .lcnnGradReg: penalized
    case .cure:
      penalized + [
        (.cureForward, 1), (.cureBackward, 1), (.cureForwardTangent, 1), (.cureBackwardTangent, 1),
      ]
    case .adversarial: plain + [(.attackForward, 3), (.attackBackward, 3)]
    }
  }

  private func outcome(
    _ arm: Arm, _ strategy: GradientPlan.Strategy, _ communicator: any Communicator
  ) throws -> Outcome {
    var recipe = Recipe()
    try recipe.apply(arm)
    let architecture = try SmallNetwork.resNetLowCurvature.architecture()
    let samples = RandomSamples(architecture, count: 5, seed: 3)
    let timed = TimedCommunicator(communicator)
    func makeStep() throws -> TrainingStep {
      let model = try Model(
        architecture, ModelConfiguration(recipe.trainingPurpose, maximumSamples: 5),
        communicator: timed)
      model.initialize(seed: 1)
      return TrainingStep(
        model, objective: recipe.objective, curePenalty: try recipe.makeCUREPenalty(for: model),
        adversary: try recipe.adversary(for: model), optimizer: recipe.optimizer,
        communicator: communicator, bucketBytes: 256, strategy: strategy)
    }
    let (plain, traced) = (try makeStep(), try makeStep())
    let tracer = StepTracer(traced, layersCommunicator: timed)
    var outcome = Outcome(layerCount: plain.model.chain.layers.count)
    try samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
      try #require(plain.run(batch, learningRate: 0).isApplied)
      for span in tracer.trace(batch).spans {
        outcome.passes.insert(span.pass)
        if let layer = span.layer { outcome.layers[span.pass, default: []].append(layer) }
      }
    }
    outcome.gradients = [plain, traced].map { Array($0.model.gradients.buffer) }
    return outcome
  }

  @Test("the spans of a trace sum to the times of the benchmark, by phase and by sweep")
  func sums() throws {
    let found = try InProcessCommunicator.run(ranks: 2) { communicator in
      try sumsOfBoth(communicator)
    }
    for sums in found {
      #expect(sums.trace.count >= 7 && Set(sums.trace.keys) == Set(sums.benchmark.keys))
      for (name, times) in sums.benchmark {
        let (trace, benchmark) = (Self.median(sums.trace[name] ?? []), Self.median(times))
        // Both read a clock at each layer, one after the other.
        #expect(
          abs(trace - benchmark) < 0.05 * benchmark + 2e-5,
          "\(name): trace \(trace) s, benchmark \(benchmark) s")
      }
    }
  }

  /// Seconds of each phase and sweep in each of some steps, by the trace of a run and by the
  /// benchmark.
  private func sumsOfBoth(
    _ communicator: any Communicator
  ) throws -> (trace: [String: [Double]], benchmark: [String: [Double]]) {
    let architecture = try SmallNetwork.resNetLowCurvature.architecture()
    let samples = RandomSamples(architecture, count: 64, seed: 3)
    let timed = TimedCommunicator(communicator)
    let recipe = Recipe()
    let model = try Model(
      architecture, ModelConfiguration(recipe.trainingPurpose, maximumSamples: 64),
      communicator: timed)
    model.initialize(seed: 1)
    let tracer = StepTracer(
      TrainingStep(
        model, objective: recipe.objective, curePenalty: nil, adversary: nil,
        optimizer: recipe.optimizer, communicator: communicator, bucketBytes: 256,
        strategy: .blocking), layersCommunicator: timed)
    let recorder = TraceRecorder()
    let steps = 31
    var traces: [String: [Double]] = [:]
    var benchmarks: [String: [Double]] = [:]
    func add(_ seconds: Double, _ name: String, _ step: Int, to sums: inout [String: [Double]]) {
      sums[name, default: [Double](repeating: 0, count: steps)][step] += seconds
    }
    samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
      for step in 0..<steps {
        recorder.begin(step: step)
        for span in tracer.trace(batch, with: recorder).spans {
          let seconds = span.computing + span.batchNorm + span.gradients
          add(seconds, "\(span.phase)", step, to: &benchmarks)
          if let sweep = span.sweep { add(seconds, "\(sweep) of layers", step, to: &benchmarks) }
        }
      }
    }
    for span in recorder.spans {
      let (seconds, code) = (Double(span.end - span.start) / 1e9, Int(span.code))
      let step = Int(span.step)
      switch span.kind {
      case .phase: add(seconds, "\(StepPhase.allCases[code])", step, to: &traces)
      case .layer: add(seconds, "\(Sweep.allCases[code]) of layers", step, to: &traces)
      default: break
      }
    }
    return (traces, benchmarks)
  }

  /// The scheduler may come between the two clocks of a few steps.
  private static func median(_ times: [Double]) -> Double {
    times.isEmpty ? 0 : times.sorted()[times.count / 2]
  }
}
