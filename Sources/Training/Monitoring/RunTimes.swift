import Datasets
import MessagePassing

#if canImport(Glibc)
  import Glibc
#endif

/// The times of a run's steps on this rank, and the slow ranks that all ranks' times show.
///
/// A rank's local time of a step goes to all others with the counters of the next step.
struct RunTimes {
  private let timer: StepTimer
  private let communicator: any Communicator
  private let sampler: ShardedSampler
  private let hosts: [String]
  private let fault: FaultInjection?
  private var stragglers: StragglerWatch
  /// This rank's steps of the epoch.
  private var epoch: [StepTimes] = []
  /// Sum of ``epoch``.
  private(set) var epochSum = StepTimes()
  /// The step that has begun.
  private var start: (reading: StepTimer.Reading, delay: Double)?
  /// The last step that has ended: its index in the epoch, and its compute without an injected
  /// delay.
  private var previous: (times: StepTimes, step: Int, undelayed: Double)?

  init(_ setup: TrainerSetup, reducer: GradientReducer, fault: FaultInjection?) {
    timer = StepTimer(batchNorm: setup.layerCommunicator, reducer: reducer)
    communicator = setup.communicator
    sampler = setup.sampler
    hosts = setup.hosts
    self.fault = fault
    stragglers = StragglerWatch(ranks: setup.communicator.size)
    epoch.reserveCapacity(setup.sampler.stepsPerEpoch)
  }

  /// This rank's time of the last step without waiting for others, in seconds; 0 before there is
  /// one.
  var localStepSeconds: Float { Float(previous?.times.local ?? 0) }

  /// This rank's time of the last step, waiting included; 0 before there is one.
  var lastSeconds: Double { previous?.times.total ?? 0 }

  /// Begins step `step` of the run, counted from 1.
  mutating func begin(step: Int) {
    let seconds = previous?.undelayed ?? 0
    let delay = fault?.delay(step: step, rank: communicator.rank, after: seconds) ?? 0
    start = (timer.read(), delay)
    if delay > 0 { usleep(UInt32(1e6 * delay)) }
  }

  /// Ends the step that has begun and returns lines about slow ranks, on rank 0.
  ///
  /// - Parameter step: holds the times that all ranks brought to this step.
  mutating func end(_ step: TrainingStep, on batch: Batch, dataWait: Duration) -> [String] {
    guard let start else { return [] }
    let times = timer.times(since: start.reading, dataWait: dataWait)
    let lines = findSlowRanks(step)
    previous = (times, batch.step, times.compute - start.delay)
    epoch.append(times)
    epochSum = epochSum + times
    self.start = nil
    return lines
  }

  /// Judges the step before the present one, whose times `step` has brought.
  private mutating func findSlowRanks(_ step: TrainingStep) -> [String] {
    let size = communicator.size
    guard communicator.rank == 0, size > 1, let previous else { return [] }
    let found = stragglers.observe(
      local: (0..<size).map { Double(step.localStepSeconds(ofRank: $0)) },
      samples: (0..<size).map { sampler.share(step: previous.step, rank: $0, size: size).count },
      whole: previous.times.total)
    return found.map { $0.line(host: hosts[$0.rank]) }
  }

  /// The times of the epoch so far; the next epoch begins.
  ///
  /// Collective.
  mutating func endEpoch() -> EpochTimes? {
    defer {
      epoch.removeAll(keepingCapacity: true)
      epochSum = StepTimes()
    }
    return EpochTimes(epoch, hosts: hosts, communicator: communicator)
  }
}
