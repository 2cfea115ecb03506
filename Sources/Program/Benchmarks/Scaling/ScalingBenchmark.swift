import Foundation
import MessagePassing
import Training

/// Measures ``ScalingTimes``.
public struct ScalingBenchmark {
  private let subject: BenchmarkSubject
  private let communicator: any Communicator
  private let effort: Effort

  /// - Parameter subject: one whose ranks all have samples.
  public init(
    _ subject: BenchmarkSubject, communicator: any Communicator, _ effort: Effort
  ) {
    self.subject = subject
    self.communicator = communicator
    self.effort = effort
  }

  /// This rank's images per second, by its clock.
  private func rate(_ repeated: RepeatedStep, steps: Int) -> Double {
    let start = ContinuousClock.now
    for _ in 0..<steps {
      repeated.run()
      communicator.beat()
    }
    return Double(steps * subject.samples) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Collective; at least two ranks.
  ///
  /// Rates and ratios are equal on all ranks.
  public func run() throws -> ScalingTimes {
    let together = try RepeatedStep(subject, communicator)
    let plan = together.choosePlan().plan
    let independent = try makeIndependent()
    for step in [together, independent] { _ = rate(step, steps: 1) }
    communicator.barrier()
    let stepSeconds = communicator.fromRoot(Double(subject.samples) / rate(together, steps: 1))
    let windows = Windows(
      effort, stepSeconds: [Double](repeating: stepSeconds, count: 3), leastSteps: 3,
      rounds: 15...60)
    var slowest = Double(windows.steps * subject.samples) / rate(independent, steps: 1)
    var rates: [[Double]] = [[], [], []]
    windows.run { kind in
      communicator.programPoint = ProgramPoint(.measurement)
      // The others sleep and do not wait in a collective, which may take their cores.
      let rest = communicator.fromRoot(Self.longestAlone * slowest)
      communicator.barrier()
      var local = 0.0
      switch kind {
      case 0: local = rate(together, steps: windows.steps)
      case 1: local = rate(independent, steps: windows.steps)
      default:
        guard communicator.rank == 0 else {
          Thread.sleep(forTimeInterval: rest)
          break
        }
        local = rate(independent, steps: windows.steps)
        slowest = max(slowest, Double(windows.steps * subject.samples) / local)
      }
      rates[kind].append(communicator.total(local))
    }
    return ScalingTimes(
      ranks: subject.ranks, globalBatch: subject.recipe.batchSize, samples: subject.samples,
      plan: plan, rounds: windows.rounds, steps: windows.steps,
      together: Effort.median(of: rates[0]), independent: Effort.median(of: rates[1]),
      alone: Effort.median(of: rates[2]),
      togetherOverIndependent: PairedRatios(rates[0], over: rates[1]),
      togetherOverAlone: PairedRatios(rates[0], over: rates[2]))
  }

  /// The time that rank 0 is left alone, in units of its slowest window so far.
  private static let longestAlone = 1.5

  /// The network on as many samples without communication, as in a program of one rank.
  private func makeIndependent() throws -> RepeatedStep {
    try Agreement(communicator).perform {
      var recipe = subject.recipe
      recipe.batchSize = subject.samples
      let solo = SoloCommunicator()
      return try RepeatedStep(BenchmarkSubject(recipe, communicator: solo), solo)
    }
  }
}
