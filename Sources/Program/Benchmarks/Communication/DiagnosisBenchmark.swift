import MessagePassing
import Training

/// Measures ``DiagnosisTimes``: steps of one model with ledger and watchdog on and off, in turn.
public struct DiagnosisBenchmark {
  private let subject: BenchmarkSubject
  private let communicator: any Communicator
  private let diagnosis: DiagnosisSwitch
  private let effort: Effort

  /// - Parameter communicator: the one of `diagnosis`, or threads over it.
  public init(
    _ subject: BenchmarkSubject, communicator: any Communicator, _ diagnosis: DiagnosisSwitch,
    _ effort: Effort
  ) {
    self.subject = subject
    self.communicator = communicator
    self.diagnosis = diagnosis
    self.effort = effort
  }

  /// Collective; at least two ranks.
  ///
  /// Leaves both on.
  public func run() throws -> DiagnosisTimes {
    let repeated = try RepeatedStep(subject, communicator)
    _ = repeated.choosePlan()
    var number = 0
    func run(_ steps: Int) {
      for _ in 0..<steps {
        number += 1
        // As the trainer does before each step.
        communicator.programPoint = ProgramPoint(step: number, .data)
        repeated.run()
      }
    }
    /// Seconds of a step.
    func time(_ steps: Int) -> Double {
      communicator.barrier()
      let start = ContinuousClock.now
      run(steps)
      communicator.barrier()
      return (ContinuousClock.now - start) / .seconds(1) / Double(steps)
    }
    run(1)
    let windows = Windows(
      effort, stepSeconds: [Double](repeating: communicator.fromRoot(time(1)), count: 3),
      leastSteps: 2, rounds: 40...200)
    var times: [[Double]] = [[], [], []]
    windows.run { kind in
      turn(kind == 0 ? .on : .off)
      times[kind].append(time(windows.steps))
    }
    turn(.on)
    let before = (
      collectives: diagnosis.ledger.counts.reduce(0, +), events: diagnosis.ledger.events
    )
    run(1)
    let collectives = diagnosis.ledger.counts.reduce(0, +) - before.collectives
    // A collective is entered and left.
    let places = Int(diagnosis.ledger.events - before.events) - 2 * collectives
    let seconds = Effort.median(of: times[1])
    return DiagnosisTimes(
      rounds: windows.rounds, steps: windows.steps, seconds: seconds,
      onOverOff: PairedRatios(times[0], over: times[1]),
      control: PairedRatios(times[2], over: times[1]),
      collectives: CountedCost(perStep: Double(collectives), seconds: secondsPerRecord()),
      places: CountedCost(perStep: Double(places), seconds: secondsPerProgramPoint()),
      looks: CountedCost(
        perStep: seconds / (diagnosis.watchdog.period / .seconds(1)), seconds: secondsPerLook()),
      comparisons: CountedCost(
        perStep: 1 / Double(subject.recipe.divergenceCheckEvery),
        seconds: try secondsPerComparison(repeated.step)))
  }

  private func turn(_ position: DiagnosisSwitch.Position) {
    communicator.barrier()
    if communicator.node.thread == 0 { diagnosis.turn(position) }
    communicator.barrier()
  }

  // MARK: - By itself

  private static let repetitions = 10_000

  /// Seconds that a ledger adds to an allreduce that does nothing.
  private func secondsPerRecord() -> Double {
    let plain = SoloCommunicator()
    let ledgered = LedgeredCommunicator(plain, ledger: CollectiveLedger())
    func seconds(_ communicator: any Communicator) -> Double {
      var values = [Float](repeating: 0, count: 1)
      return values.withUnsafeMutableBufferPointer { buffer in
        effort.median { for _ in 0..<Self.repetitions { communicator.allreduce(buffer) } }
      }
    }
    return max(0, seconds(ledgered) - seconds(plain)) / Double(Self.repetitions)
  }

  private func secondsPerProgramPoint() -> Double {
    let ledgered: any Communicator = LedgeredCommunicator(
      SoloCommunicator(), ledger: CollectiveLedger())
    return effort.median { for _ in 0..<Self.repetitions { ledgered.enter(.forward) } }
      / Double(Self.repetitions)
  }

  /// Seconds of one look of the watchdog, in a loop on this thread.
  ///
  /// In training another thread makes one look per period.
  private func secondsPerLook() -> Double {
    communicator.barrier()
    // All ranks look until the last one has done so.
    let seconds = communicator.node.thread == 0 ? effort.median { diagnosis.watchdog.look() } : 0
    communicator.barrier()
    return seconds
  }

  private func secondsPerComparison(_ step: TrainingStep) throws -> Double {
    let check = DivergenceCheck(step.model, communicator: communicator)
    var seconds: [Double] = []
    for _ in 0..<effort.rounds.lowerBound {
      communicator.barrier()
      let start = ContinuousClock.now
      try check.run(step: 0)
      seconds.append((ContinuousClock.now - start) / .seconds(1))
    }
    return Effort.median(of: seconds)
  }
}
