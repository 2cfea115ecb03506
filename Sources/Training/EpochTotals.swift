/// Sums over the steps of an epoch so far, and its time.
struct EpochTotals {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var samples = 0
  private var correct = 0
  private var loss = 0.0
  private(set) var steps = 0

  init() { start = clock.now }

  mutating func add(_ result: TrainingStep.Result) {
    steps += 1
    samples += result.samples
    correct += result.correct
    loss += result.loss * Double(result.samples)
  }

  var meanLoss: Double { samples > 0 ? loss / Double(samples) : 0 }
  var accuracy: Double { samples > 0 ? Double(correct) / Double(samples) : 0 }
  var seconds: Double { (clock.now - start) / .seconds(1) }
  var imagesPerSecond: Double { seconds > 0 ? Double(samples) / seconds : 0 }
}
