import Checkpoints
import EventFiles
import Foundation
import MessagePassing
import Training

/// Measures ``ObservationTimes``: steps of one model as a run's defaults record them, unobserved,
/// and traced, in turn.
///
/// Files go to a temporary directory. Rank 0 alone writes and shows, and all ranks trace.
struct ObservationBenchmark {
  private let subject: BenchmarkSubject
  private let communicator: any Communicator
  private let display: any TrainingObserver
  private let effort: Effort

  /// - Parameter display: rank 0's, as on a terminal.
  init(
    _ subject: BenchmarkSubject, communicator: any Communicator, display: any TrainingObserver,
    _ effort: Effort
  ) {
    self.subject = subject
    self.communicator = communicator
    self.display = display
    self.effort = effort
  }

  /// Collective.
  func run() throws -> ObservationTimes {
    let repeated = try RepeatedStep(subject, communicator)
    _ = repeated.choosePlan()
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("lcnn-dist-observation-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let metrics = try Agreement(communicator).perform {
      communicator.rank == 0 ? try makeMetrics(directory.path) : nil
    }
    var number = 0
    var failure: (any Error)?
    func observe() {
      guard let metrics else { return }
      do { try metrics.write(line(number)) } catch { failure = error }
      display.step(progress(number))
    }
    /// Seconds of a step.
    func time(_ kind: Kind, steps: Int) -> Double {
      var step = repeated.step
      let trace = kind == .traced ? TraceRecorder() : nil
      step.probe = trace
      step.reducer.recorder = trace?.collectives(.gradients)
      repeated.layersCommunicator.recorder = trace?.collectives(.batchNorm)
      defer {
        step.probe = nil
        step.reducer.recorder = nil
        repeated.layersCommunicator.recorder = nil
      }
      communicator.barrier()
      let start = ContinuousClock.now
      for _ in 0..<steps {
        number += 1
        trace?.begin(step: number)
        _ = step.run(repeated.batch, learningRate: 0)
        if kind == .recorded { observe() }
      }
      communicator.barrier()
      lastSpans = trace?.spans.count ?? lastSpans
      return (ContinuousClock.now - start) / .seconds(1) / Double(steps)
    }
    var lastSpans = 0
    _ = time(.off, steps: 1)
    let windows = Windows(
      effort,
      stepSeconds: [Double](
        repeating: communicator.fromRoot(time(.off, steps: 1)), count: Kind.allCases.count),
      leastSteps: 2, rounds: 40...200)
    var times = [[Double]](repeating: [], count: Kind.allCases.count)
    windows.run { kind in
      times[kind].append(time(Kind.allCases[kind], steps: windows.steps))
    }
    _ = time(.traced, steps: 1)
    let seconds = Effort.median(of: times[Kind.off.rawValue])
    let result = ObservationTimes(
      rounds: windows.rounds, steps: windows.steps, seconds: seconds,
      defaultsOverOff: PairedRatios(times[Kind.recorded.rawValue], over: times[Kind.off.rawValue]),
      traceOverOff: PairedRatios(times[Kind.traced.rawValue], over: times[Kind.off.rawValue]),
      metrics: CountedCost(
        perStep: 1,
        seconds: metrics == nil
          ? 0
          : perRepetition {
            do { try metrics?.write(line(1)) } catch { failure = error }
          }),
      display: CountedCost(
        perStep: min(1, Self.displaysPerSecond * seconds),
        seconds: metrics == nil ? 0 : secondsPerDisplay()),
      spans: CountedCost(perStep: Double(lastSpans), seconds: secondsPerSpan()))
    try Agreement(communicator).perform { if let failure { throw failure } }
    return result
  }

  private enum Kind: Int, CaseIterable { case recorded, off, traced }

  private func makeMetrics(_ path: String) throws -> MetricsFile {
    let run = try RunDirectory(creating: path, start: .fresh)
    return try MetricsFile(
      run, resumingAt: nil, events: try EventFile(in: path, resumingAt: nil))
  }

  /// The members of a step's line.
  private func line(_ step: Int) -> [(key: String, value: MetricValue)] {
    [
      ("step", .integer(step)), ("epoch", .integer(1)),
      ("samples", .integer(subject.recipe.batchSize)), ("applied", .integer(1)),
      ("train/loss", .number(1 / Double(step + 1))), ("train/accuracy", .number(0.5123)),
      ("train/learning-rate", .number(0.0123)),
      ("train/gradient-norm-square", .number(2 / Double(step + 1))),
      ("train/gradient-change-square", .absent),
    ]
  }

  private func progress(_ step: Int) -> StepProgress {
    StepProgress(
      epoch: 1, epochs: 2, step: step % 100, stepsPerEpoch: 100, loss: 1 / Double(step + 1),
      accuracy: 0.5, imagesPerSecond: 1000, imagesPerSecondNow: 1000, remainingInEpoch: 10,
      remaining: 100, share: 0.5,
      times: StepTimes(data: 0.1, compute: 1, gradients: 0.2, batchNorm: 0.3),
      checkpointSeconds: 1)
  }

  // MARK: - By itself

  private static let displaysPerSecond = 10.0
  private static let repetitions = 1000

  private func perRepetition(_ body: () -> Void) -> Double {
    effort.median { for _ in 0..<Self.repetitions { body() } } / Double(Self.repetitions)
  }

  /// Seconds of a display that draws: one call in each tenth of a second does.
  private func secondsPerDisplay() -> Double {
    var seconds: [Double] = []
    for number in 0..<effort.rounds.lowerBound {
      Thread.sleep(forTimeInterval: 1.2 / Self.displaysPerSecond)
      let start = ContinuousClock.now
      display.step(progress(number))
      seconds.append((ContinuousClock.now - start) / .seconds(1))
    }
    return Effort.median(of: seconds)
  }

  private func secondsPerSpan() -> Double {
    // A full recorder would record no more.
    let spans = TraceRecorder.capacity
    let trace = TraceRecorder()
    let start = ContinuousClock.now
    for _ in 0..<spans {
      trace.begin(.forward, block: 0)
      trace.end(.forward, block: 0)
    }
    return (ContinuousClock.now - start) / .seconds(1) / Double(spans)
  }
}
