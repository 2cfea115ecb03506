import Checkpoints

/// Sums over the steps of an epoch so far, and the time of the steps since this start.
struct EpochTotals {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private(set) var sums: EpochSums
  /// Samples and steps since this start, for the speed.
  private var timedSamples = 0
  private(set) var timedSteps = 0

  init(_ sums: EpochSums = EpochSums()) {
    self.sums = sums
    start = clock.now
  }

  mutating func add(_ result: TrainingStep.Result) {
    timedSteps += 1
    timedSamples += result.samples
    sums.samples += result.samples
    sums.correct += result.correct
    sums.loss += result.loss * Double(result.samples)
  }

  var meanLoss: Double { sums.samples > 0 ? sums.loss / Double(sums.samples) : 0 }
  var accuracy: Double { sums.samples > 0 ? Double(sums.correct) / Double(sums.samples) : 0 }
  var seconds: Double { (clock.now - start) / .seconds(1) }
  var imagesPerSecond: Double { seconds > 0 ? Double(timedSamples) / seconds : 0 }
}
