import Datasets
import MessagePassing

#if canImport(Glibc)
  import Glibc
#endif

/// The times of a run's steps on this rank, and what ranks tell each other of theirs.
///
/// What a rank took for a step of its own goes with the counters of the next one to all others.
struct RunTimes {
  private let timer: StepTimer
  private let communicator: any Communicator
  private let sampler: ShardedSampler
  private let hosts: [String]
  private let drill: Drill?
  private var stragglers: StragglerWatch
  /// This rank's steps of the epoch.
  private var epoch: [StepTimes] = []
  /// The step before, none at the start: its times, its place in its epoch, its compute without a drill's.
  private var previous: (times: StepTimes, step: Int, undelayed: Double)?

  init(_ setup: TrainerSetup, reducer: GradientReducer, drill: Drill?) {
    timer = StepTimer(batchNorm: setup.layerCommunicator, reducer: reducer)
    communicator = setup.communicator
    sampler = setup.sampler
    hosts = setup.hosts
    self.drill = drill
    stragglers = StragglerWatch(ranks: setup.communicator.size)
    epoch.reserveCapacity(setup.sampler.stepsPerEpoch)
  }

  /// Times one step; `body` gets what the one before took of its own, in seconds.
  ///
  /// Returns what a user should know of slow ranks, on rank 0; `step` is what has been run, `number` counts from 1.
  mutating func run(
    _ step: TrainingStep, on batch: Batch, number: Int, dataWait: Duration,
    _ body: (_ ownSeconds: Float) -> TrainingStep.Result
  ) -> (result: TrainingStep.Result, notes: [String]) {
    let delay =
      drill?.delay(step: number, rank: communicator.rank, after: previous?.undelayed ?? 0) ?? 0
    let (result, times) = timer.time(dataWait: dataWait) {
      if delay > 0 { usleep(UInt32(1e6 * delay)) }
      return body(Float(previous?.times.own ?? 0))
    }
    let notes = findSlowRanks(step)
    previous = (times, batch.step, times.compute - delay)
    epoch.append(times)
    return (result, notes)
  }

  /// Looks at the step before the one that `step` has just made.
  private mutating func findSlowRanks(_ step: TrainingStep) -> [String] {
    let size = communicator.size
    guard communicator.rank == 0, size > 1, let previous else { return [] }
    let found = stragglers.observe(
      own: (0..<size).map { Double(step.ownSeconds(ofRank: $0)) },
      samples: (0..<size).map { sampler.share(step: previous.step, rank: $0, size: size).count },
      whole: previous.times.total)
    return found.map { $0.line(host: hosts[$0.rank]) }
  }

  /// The epoch's times so far, of which a new one is begun.
  ///
  /// Collective.
  mutating func endEpoch() -> EpochTimes? {
    defer { epoch.removeAll(keepingCapacity: true) }
    return EpochTimes(epoch, hosts: hosts, communicator: communicator)
  }
}
