import Robustness

/// The work of an attack that is done and that is left at most, in passes of single samples.
///
/// Every stage is assumed to leave the samples that the present one attacks, so the true work may be
/// less. Findings of an earlier start are no work.
struct AttackWork {
  private let plan: AttackPlan
  private let stages: [AttackPlan.Stage]
  private var finished = 0.0
  /// Work of one sample in the present stage.
  private var perSample = 1.0
  /// Samples of the present stage that are done, and all of them.
  private var done = 0.0
  private var samples: Int
  /// Work after the present stage.
  private var later = 0.0
  private var words = "unattacked images"

  init(_ plan: AttackPlan, classes: Int, samples: Int) {
    self.plan = plan
    self.samples = samples
    stages = plan.stages(classes: classes)
  }

  /// Begins a stage, or the pass over the unattacked images if there is none.
  mutating func begin(epsilon: Int?, stage: Int?, samples: Int) {
    self.samples = samples
    done = 0
    let one = stages.reduce(0) { $0 + plan.passes(of: $1) }
    guard let epsilon, let stage else {
      perSample = 1
      forwards = 1
      later = one * Double(plan.epsilons.count * samples)
      return
    }
    perSample = plan.passes(of: stages[stage])
    forwards = plan.forwards(of: stages[stage])
    let rest = stages[(stage + 1)...].reduce(0) { $0 + plan.passes(of: $1) }
    later = (rest + one * Double(plan.epsilons.count - 1 - epsilon)) * Double(samples)
    words = "\(stages[stage]) at ε \(plan.epsilons[epsilon])"
  }

  /// Forward passes of a slice in the present stage, at most.
  private(set) var forwards = 1

  mutating func advance(to done: Double, of samples: Int) {
    self.done = done
    self.samples = samples
  }

  mutating func end() { finished += perSample * done }

  var progress: SurveyProgress {
    let now = finished + perSample * done
    return SurveyProgress(
      survey: "attack", stage: words, done: now,
      total: now + perSample * (Double(samples) - done) + later,
      count: "\(Int(done)) of \(samples) samples", isUpperBound: true)
  }
}

extension AttackPlan {
  /// Forward passes of a stage, at most.
  func forwards(of stage: Stage) -> Int {
    switch stage.kind {
    case .pgd: effort.pgdSteps + 1
    case .apgdCrossEntropy, .apgdTargeted: effort.iterations + 1
    case .fabTargeted: 2 * effort.iterations + 1
    case .square: effort.queries
    }
  }

  /// Work of a stage on one sample, in forward passes; a backward pass costs as much as two.
  func passes(of stage: Stage) -> Double {
    switch stage.kind {
    case .pgd: 3 * Double(effort.pgdSteps) + 1
    case .apgdCrossEntropy, .apgdTargeted: 3 * Double(effort.iterations) + 1
    // Where the model errs outside the ball, the point after it needs a pass of its own.
    case .fabTargeted: 4 * Double(effort.iterations) + 1
    case .square: Double(effort.queries)
    }
  }
}
