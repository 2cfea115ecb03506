import Foundation
import MessagePassing
import Training

/// What the ranks of one job make of as many jobs of one rank on the same cores at the same time.
public struct ScalingTimes: Sendable, Equatable, Codable {
  public let ranks: Int
  /// Of all ranks, and of this one.
  public let globalBatch: Int
  public let samples: Int
  public let plan: GradientPlan
  /// Windows of each kind, and the steps of one.
  public let rounds: Int
  public let steps: Int
  /// Images per second of all ranks in one job, median over windows.
  public let together: Double
  /// Of every rank by itself on as many samples, at the same time, summed.
  public let independent: Double
  /// Of rank 0 by itself while the others sleep.
  public let alone: Double
  /// What is left of the machine's speed by communicating and waiting.
  public let togetherOverIndependent: PairedRatios
  /// The speed-up over one rank; at most the number of ranks, less what they share of the machine.
  public let togetherOverAlone: PairedRatios
}

/// Measures ``ScalingTimes``.
public struct ScalingBenchmark {
  private let subject: BenchmarkSubject
  private let communicator: any Communicator
  private let effort: Effort

  /// - Parameter subject: all its ranks have samples.
  public init(
    _ subject: BenchmarkSubject, communicator: any Communicator, _ effort: Effort
  ) {
    self.subject = subject
    self.communicator = communicator
    self.effort = effort
  }

  /// A step on this rank's samples, and the communicator that says where the rank is.
  private struct Side {
    let step: TrainingStep
    let share: SampleShare
    let communicator: any Communicator

    /// This rank's images per second, by its own clock.
    func rate(steps: Int) -> Double {
      let start = ContinuousClock.now
      for _ in 0..<steps {
        _ = step.run(share.batch, learningRate: 0)
        communicator.beat()
      }
      return Double(steps * share.batch.count) / ((ContinuousClock.now - start) / .seconds(1))
    }
  }

  /// Collective; at least two ranks.
  ///
  /// Rates and ratios are the same on all of them.
  public func run() throws -> ScalingTimes {
    let (together, plan) = try makeTogether()
    let independent = try makeIndependent()
    for side in [together, independent] { _ = side.rate(steps: 1) }
    communicator.barrier()
    let stepSeconds = communicator.fromRoot(Double(subject.samples) / together.rate(steps: 1))
    let windows = Windows(effort, stepSeconds: stepSeconds, leastSteps: 3, rounds: 15...60)
    var slowest = Double(windows.steps * subject.samples) / independent.rate(steps: 1)
    var rates: [[Double]] = [[], [], []]
    windows.run { kind in
      communicator.programPoint = ProgramPoint(.measurement)
      // The others sleep and do not wait in a collective, which may take their cores.
      let rest = communicator.fromRoot(Self.longestAlone * slowest)
      communicator.barrier()
      var own = 0.0
      switch kind {
      case 0: own = together.rate(steps: windows.steps)
      case 1: own = independent.rate(steps: windows.steps)
      default:
        guard communicator.rank == 0 else {
          Thread.sleep(forTimeInterval: rest)
          break
        }
        own = independent.rate(steps: windows.steps)
        slowest = max(slowest, Double(windows.steps * subject.samples) / own)
      }
      rates[kind].append(communicator.total(own))
    }
    return ScalingTimes(
      ranks: subject.ranks, globalBatch: subject.recipe.batchSize, samples: subject.samples,
      plan: plan, rounds: windows.rounds, steps: windows.steps,
      together: Effort.median(of: rates[0]), independent: Effort.median(of: rates[1]),
      alone: Effort.median(of: rates[2]),
      togetherOverIndependent: PairedRatios(rates[0], over: rates[1]),
      togetherOverAlone: PairedRatios(rates[0], over: rates[2]))
  }

  /// How long rank 0 is left alone, in its slowest windows so far.
  private static let longestAlone = 1.5

  private func makeTogether() throws -> (Side, GradientPlan) {
    let (step, share) = try subject.makeStep(
      communicator, layersCommunicator: TimedCommunicator(communicator))
    let plan = subject.choosePlan(of: step, on: share.batch, communicator).plan
    return (Side(step: step, share: share, communicator: communicator), plan)
  }

  /// The same network on as many samples with nobody to talk to, as a program of one rank has it.
  private func makeIndependent() throws -> Side {
    try Agreement(communicator).perform {
      var recipe = subject.recipe
      recipe.batchSize = subject.samples
      let solo = SoloCommunicator()
      let (step, share) = try BenchmarkSubject(recipe, communicator: solo)
        .makeStep(solo, layersCommunicator: TimedCommunicator(solo))
      return Side(step: step, share: share, communicator: communicator)
    }
  }
}
